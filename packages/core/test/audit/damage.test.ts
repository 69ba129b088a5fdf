import { expect, it } from 'vitest'
import { AuditKeys } from '../../src/audit/chain.js'
import { extendLane, readLane } from '../../src/audit/lane.js'
import type { AuditCheckpoint } from '../../src/audit.js'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import type { StoredSession } from '../../src/store.js'
import { codeOf, service } from '../service.js'

const acme = { tenantId: 'acme' }
const secrets = ['a secret of the audit that is long enough']
const dayMs = 24 * 3_600_000

const audited = (store: SessionStore, options: object = {}) =>
  service({
    store,
    credentialSecrets: ['a secret that both processes know, and nobody else'],
    audit: { secrets },
    ...options,
  })

async function written(count: number, store = memoryStore()) {
  const { audit } = audited(store)
  for (let index = 1; index <= count; index++) await audit.append({ ...acme, action: `a${index}` })
  const lane = (await store.list({ tenantId: '~audit:acme', limit: 1 })).items[0]!.id
  return { store, audit, lane, ref: { tenantId: '~audit:acme', id: lane } }
}

const fails = (code: 'corrupt' | 'unavailable') => async (): Promise<never> => {
  throw new SessionError(code, 'damaged')
}

/** A store that finds its log damaged where these are asked for, in pages of this many. */
const withGaps = (store: SessionStore, gaps: readonly number[], most = 1000): SessionStore => ({
  ...store,
  async messages(ref, query) {
    const page = await store.messages(ref, { ...query, limit: Math.min(query.limit, most) })
    if (page.messages.some(({ seq }) => gaps.includes(seq))) throw new SessionError('corrupt', 'a gap')
    return page
  },
})

it.each([
  [[1], 1, 'missing'],
  [[3], 3, 'missing'],
  [[2, 3, 5], 2, 'missing'],
  [[6], 6, 'truncated'],
  [[4, 5, 6], 4, 'truncated'],
  [[1, 2, 3, 4, 5, 6], 1, 'truncated'],
])('a store that finds the entries %j damaged: entry %d is the first, and %s', async (gaps, seq, why) => {
  const { store, lane } = await written(6)
  for (const most of [1, 2, 1000])
    expect(await audited(withGaps(store, gaps, most)).audit.verify(acme)).toEqual({
      ok: false,
      lane,
      seq,
      why,
    })
})

it('a store that finds the head damaged: the lane was changed, or is cut off where entries are, too', async () => {
  const { store, lane } = await written(3)
  const read: SessionStore['read'] = async (ref, options) =>
    ref.id === lane ? fails('corrupt')() : store.read(ref, options)
  const verdict = await audited({ ...store, read }).audit.verify(acme)
  expect(verdict).toEqual({ ok: false, lane, seq: 0, why: 'changed' })
  const both = await audited({ ...withGaps(store, [2]), read }).audit.verify(acme)
  expect(both).toEqual({ ok: false, lane, seq: 2, why: 'truncated' })
})

it('a store that does not answer is no damage', async () => {
  const { store, ref } = await written(3)
  const unavailable = async (broken: Partial<SessionStore>) =>
    codeOf(audited({ ...store, ...broken }).audit.verify(acme))
  expect(await unavailable({ read: fails('unavailable') })).toBe('unavailable')
  expect(await unavailable({ messages: fails('unavailable') })).toBe('unavailable')
  const messages: SessionStore['messages'] = async (_, query) =>
    query.limit === 1 ? fails('unavailable')() : fails('corrupt')()
  expect(await unavailable({ messages })).toBe('unavailable')
  // Another process has removed the lane just now.
  const gone: SessionStore['messages'] = async (at, query) => {
    await store.remove(ref)
    return store.messages(at, query)
  }
  expect(await unavailable({ messages: gone })).toBe('settled')
})

it('names a head that is of other entries than those of its lane', async () => {
  const { store, audit, lane, ref } = await written(1)
  const early = (await store.read(ref, { tail: 9 })) as StoredSession
  await audit.append({ ...acme, action: 'a2' })
  const late = (await store.read(ref, { tail: 9 })) as StoredSession
  const place = { ...acme, lane }
  const put = async (copy: StoredSession) => {
    await store.remove(ref)
    await store.restore(ref, copy)
  }
  await put(early)
  const lanes = { store, keys: new AuditKeys(secrets) }
  await extendLane(lanes, (await readLane(lanes, place))!, [JSON.stringify({ another: 'history' })])
  const { body } = (await store.read(ref)) as StoredSession
  await put({ ...late, body })
  expect(await audit.verify(acme)).toEqual({ ok: false, lane, seq: 2, why: 'changed' })
})

it('holds the checkpoints against one that was kept elsewhere', async () => {
  const { audit } = await written(2)
  const [told] = (await audit.checkpoint(acme)) as [AuditCheckpoint]
  const verify = async (checkpoint: object) =>
    audit.verify({ ...acme, checkpoint: { ...told, ...checkpoint } })
  expect(await verify({})).toEqual({ ok: true, lanes: 1, entries: 2 })
  const of = { ok: false, lane: 'checkpoints' }
  expect(await verify({ hash: 'x'.repeat(43) })).toEqual({ ...of, seq: 1, why: 'changed' })
  expect(await verify({ seq: 2 })).toEqual({ ...of, seq: 2, why: 'truncated' })
})

it('misses no lane that retention removes while it looks, and any that goes with the checkpoints', async () => {
  for (const [isPruned, verdict] of [
    [true, { ok: true, lanes: 0, entries: 0 }],
    [false, { ok: false, lane: 'checkpoints', seq: 0, why: 'missing' }],
  ] as const) {
    let now = Date.now()
    const { store, audit, ref } = await written(2, memoryStore({ clock: () => now }))
    const [checkpoint] = (await audit.checkpoint(acme)) as [AuditCheckpoint]
    now += 20 * dayMs
    let isFirst = true
    const list: SessionStore['list'] = async (query) => {
      if (isFirst && isPruned)
        await audited(store, { retention: { auditMs: 10 * dayMs } }).sweep({ tenants: ['acme'] })
      else if (isFirst) for (const id of [ref.id, 'checkpoints']) await store.remove({ ...ref, id })
      isFirst = false
      return store.list(query)
    }
    expect(await audited({ ...store, list }).audit.verify({ ...acme, checkpoint })).toEqual(verdict)
  }
})
