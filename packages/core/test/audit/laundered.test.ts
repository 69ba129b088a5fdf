import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import type { SessionChange, StoredSession } from '../../src/store.js'
import { service } from '../service.js'

const dayMs = 24 * 3_600_000
const acme = { tenantId: 'acme' }
const tenants = ['acme']

/** A service whose sweep keeps the audit, over a store that somebody else may write to. */
async function scene() {
  let now = Date.now()
  const inner = memoryStore({ clock: () => now })
  const firsts = new Map<string, string>()
  let meanwhile: ((change: SessionChange) => Promise<unknown>) | undefined
  const store: SessionStore = {
    ...inner,
    async commit(ref, change) {
      if (!firsts.has(ref.id)) firsts.set(ref.id, change.body ?? '')
      const made = await inner.commit(ref, change)
      await meanwhile?.(change)
      return made
    },
  }
  const start = () =>
    service({
      store,
      credentialSecrets: ['a secret that both processes know, and nobody else'],
      retention: { auditMs: 10 * dayMs },
      audit: { secrets: ['a secret of the audit that is long enough'] },
    })
  const { audit } = start()
  await audit.append({ ...acme, action: 'a1' })
  const { id: lane } = (await store.list({ tenantId: '~audit:acme', limit: 1 })).items[0]!
  const stored = async (id = lane) =>
    (await store.read({ tenantId: '~audit:acme', id }, { tail: 100 })) as StoredSession
  const early = await stored()
  await audit.append({ ...acme, action: 'a2' })
  await audit.append({ ...acme, action: 'a3' })
  const put = async ({ record, ...copy }: StoredSession, id = lane): Promise<void> => {
    await store.remove({ tenantId: '~audit:acme', id })
    await store.restore({ tenantId: '~audit:acme', id }, { ...copy, record })
  }
  const isAged = ({ record, ...copy }: StoredSession, by = 30 * dayMs): StoredSession => ({
    ...copy,
    record: { ...record, activeAt: now - by, updatedAt: now - by },
  })
  return {
    store,
    audit,
    start,
    lane,
    first: () => firsts.get(lane)!,
    after: (work: (change: SessionChange) => Promise<unknown>) => void (meanwhile = work),
    early,
    stored,
    put,
    isAged,
    sweep: async () => start().sweep({ tenants }),
    verify: async () => start().audit.verify(acme),
    wait: (ms: number) => void (now += ms),
  }
}

describe('a sweep signs nothing that hides what was done to a lane', () => {
  it('of a lane that is put back as it was earlier', async () => {
    const { audit, early, lane, put, sweep, verify } = await scene()
    const [kept] = await audit.checkpoint(acme)
    await put(early)
    await sweep()
    const cut = { ok: false, lane, seq: 2, why: 'truncated' }
    expect(await verify()).toEqual(cut)
    expect(await audit.verify({ ...acme, checkpoint: kept! })).toEqual(cut)
  })

  it('of a lane whose body says what nobody signed', async () => {
    const { early, put, stored, sweep, verify } = await scene()
    const whole = await stored()
    const forged = { ...JSON.parse(early.body), seq: 3, hash: 'x'.repeat(43) } as object
    await put({ ...whole, body: JSON.stringify(forged) })
    await sweep()
    await put(whole)
    expect(await verify()).toMatchObject({ ok: true, entries: 3 })
  })

  it('of a lane that is said to be over its time', async () => {
    const { isAged, put, stored, sweep, verify } = await scene()
    await sweep()
    await put(isAged(await stored()))
    await sweep()
    expect(await verify()).toMatchObject({ ok: true, entries: 3 })
  })

  it('of a lane that is said to be over its time, and whose entries are gone', async () => {
    const { isAged, lane, put, stored, start, sweep, verify, wait } = await scene()
    await sweep()
    const { record, body } = await stored()
    await put(isAged({ record: { ...record, lastSeq: 0, bytes: 0 }, body, messages: [] }))
    const cut = { ok: false, lane, seq: 1, why: 'truncated' }
    await sweep()
    expect(await verify()).toEqual(cut)
    // Nor later, when it would be.
    wait(20 * dayMs)
    await start().audit.append({ ...acme, action: 'later' })
    await sweep()
    expect(await verify()).toEqual(cut)
  })

  it('of a lane that is put back as it was when it was made, and is said to be over its time', async () => {
    const { first, isAged, lane, put, stored, sweep, verify } = await scene()
    await sweep()
    const { record } = await stored()
    await put(isAged({ record: { ...record, lastSeq: 0, bytes: 0 }, body: first(), messages: [] }))
    await sweep()
    expect(await verify()).toEqual({ ok: false, lane, seq: 0, why: 'missing' })
  })

  it('of checkpoints that are said to be over their time', async () => {
    const { isAged, lane, put, start, store, stored, sweep, verify, wait } = await scene()
    wait(12 * dayMs)
    await start().audit.append({ ...acme, action: 'b1' })
    // The second is the last one that tells of it.
    for (let made = 0; made < 2; made++) {
      await start().audit.checkpoint(acme)
      wait(3_600_000)
    }
    const { items } = await store.list({ tenantId: '~audit:acme', limit: 10 })
    const newest = items.find(({ id, lastSeq }) => id !== lane && id !== 'checkpoints' && lastSeq > 0)!.id
    const { record, body, messages } = isAged(await stored('checkpoints'))
    const aged = messages.map((message) => ({ ...message, at: record.activeAt }))
    await put({ record, body, messages: aged }, 'checkpoints')
    // The first lane is over its time, and with it what told of it.
    await sweep()
    expect(await verify()).toMatchObject({ ok: true, entries: 1 })
    await store.remove({ tenantId: '~audit:acme', id: newest })
    expect(await verify()).toEqual({ ok: false, lane: newest, seq: 0, why: 'missing' })
  })
})

it('retention leaves a lane that has grown since it was looked at', async () => {
  const { after, lane, start, store, stored, sweep, verify, wait } = await scene()
  await sweep()
  wait(11 * dayMs)
  const place = { tenantId: '~audit:acme', id: lane }
  const { record, body } = await stored()
  // Its process has slept, and writes just now.
  let isWritten = false
  after(async ({ messages }) => {
    if (messages?.[0]?.payload.includes('"pruned"') !== true || isWritten) return
    isWritten = true
    await store.commit(place, { revision: record.revision, body })
  })
  await start().sweep({ tenants })
  expect(isWritten).toBe(true)
  expect(await store.read(place)).toBeDefined()
  expect(await verify()).toMatchObject({ ok: true, entries: 3 })
})
