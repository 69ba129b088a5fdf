import { expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { service } from '../service.js'

const dayMs = 24 * 3_600_000
const acme = { tenantId: 'acme' }
const tenants = ['acme']

it('is removed lane by lane when it is over its time, and the check knows', async () => {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const start = () =>
    service({
      store,
      credentialSecrets: ['a secret that both processes know, and nobody else'],
      retention: { auditMs: 10 * dayMs },
      audit: { secrets: ['a secret of the audit that is long enough'] },
    })
  const actions = async () => {
    const found: string[] = []
    for await (const { action } of start().audit.list(acme)) found.push(action)
    return found
  }
  await start().audit.append({ ...acme, action: 'first' })
  await start().sweep({ tenants })
  now += 6 * dayMs
  const later = start()
  await later.audit.append({ ...acme, action: 'second' })
  const [checkpoint] = await later.audit.checkpoint(acme)
  expect(await later.audit.verify({ ...acme, checkpoint: checkpoint! })).toMatchObject({
    ok: true,
    entries: 2,
  })
  now += 6 * dayMs
  // Both processes find the same, and the lane is removed once.
  await Promise.all([start().sweep({ tenants }), start().sweep({ tenants })])
  expect(await actions()).toEqual(['second'])
  expect(await start().audit.verify({ ...acme, checkpoint: checkpoint! })).toMatchObject({
    ok: true,
    entries: 1,
  })
  now += 30 * dayMs
  // Records beside sessions, which are past their deadline, are none of its business.
  await start().sweep()
  // The lane, and an empty one of the day for which a process took it before the store told it the time.
  expect(await start().sweep({ tenants })).toBe(2)
  expect(await actions()).toEqual([])
  expect(await start().audit.verify(acme)).toEqual({ ok: true, lanes: 0, entries: 0 })
  // What told of lanes that are gone is gone, too, but for the newest.
  const lane = await store.read({ tenantId: '~audit:acme', id: 'checkpoints' }, { tail: 10 })
  expect(lane!.messages).toHaveLength(1)
})
