import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
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

describe('the check finds all as it was written while retention', () => {
  /** Lanes that are over their time, with checkpoints of each, and something that happens at a call of the store. */
  const scene = async () => {
    let now = Date.now()
    const inner = memoryStore({ clock: () => now })
    const over = (store: SessionStore = inner, auditMs = 10 * dayMs) =>
      service({
        store,
        credentialSecrets: ['a secret that both processes know, and nobody else'],
        retention: { auditMs },
        audit: { secrets: ['a secret of the audit that is long enough'] },
      })
    for (const action of ['first', 'second', 'third']) {
      await over().audit.append({ ...acme, action })
      await over().audit.checkpoint(acme)
      now += dayMs
    }
    now += 9 * dayMs
    const lanes = (await inner.list({ tenantId: '~audit:acme', limit: 9 })).items.map(({ id }) => id)
    const meanwhile = (
      method: 'read' | 'messages' | 'commit',
      isIt: (id: string) => boolean,
      work: () => unknown,
    ): SessionStore => {
      let isDone = false
      return {
        ...inner,
        [method]: async (ref: { id: string }, ...args: never[]) => {
          if (!isDone && isIt(ref.id)) {
            isDone = true
            await work()
          }
          return (inner[method] as (...given: unknown[]) => Promise<unknown>)(ref, ...args)
        },
      }
    }
    return { inner, over, lanes, meanwhile }
  }

  it('removes a lane that is being read', async () => {
    const { over, meanwhile } = await scene()
    const store = meanwhile(
      'messages',
      (id) => id !== 'checkpoints',
      () => over(undefined, dayMs).sweep({ tenants }),
    )
    expect(await over(store).audit.verify(acme)).toMatchObject({ ok: true, entries: 0 })
  })

  it('does nothing, and names a lane that somebody else removes at that moment', async () => {
    const { inner, over, lanes, meanwhile } = await scene()
    const store = meanwhile(
      'messages',
      (id) => id !== 'checkpoints',
      async () => {
        for (const id of lanes.filter((each) => each !== 'checkpoints'))
          await inner.remove({ tenantId: '~audit:acme', id })
      },
    )
    expect(await over(store).audit.verify(acme)).toMatchObject({ ok: false, seq: 0, why: 'missing' })
  })

  it('drops checkpoints that are being read', async () => {
    const { over, meanwhile } = await scene()
    const store = meanwhile(
      'messages',
      (id) => id === 'checkpoints',
      () => over().sweep({ tenants }),
    )
    expect(await over(store).audit.verify(acme)).toMatchObject({ ok: true, entries: 1 })
  })

  it('removes a lane that another process has just looked at, to write down how far it is', async () => {
    const { over, lanes, meanwhile } = await scene()
    await over().audit.append({ ...acme, action: 'last' })
    // It has read all lanes, and is about to write what it has read.
    const store = meanwhile(
      'commit',
      (id) => id === 'checkpoints',
      () => over(undefined, dayMs / 2).sweep({ tenants }),
    )
    await over(store).audit.checkpoint(acme)
    expect(await over().audit.verify(acme)).toMatchObject({ ok: true, entries: 1 })
    expect(lanes.length).toBeGreaterThan(3)
  })
})
