import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import type { AuditCheckpoint, AuditVerdict } from '../../src/audit.js'
import type { StoredSession } from '../../src/store.js'
import { service } from '../service.js'

const credentialSecrets = ['a secret that both processes know, and nobody else']
const acme = { tenantId: 'acme' }
const count = 6
const old = 'an older secret of the audit, long enough'

const audited = (
  store: SessionStore,
  secrets = ['a secret of the audit that is long enough'],
  onCheckpoint?: (checkpoint: AuditCheckpoint) => void,
) =>
  service({
    store,
    credentialSecrets,
    audit: { secrets, ...(onCheckpoint === undefined ? {} : { onCheckpoint }) },
  })

/** Six entries in one lane. */
async function written(store = memoryStore()) {
  const { audit } = audited(store)
  for (let index = 1; index <= count; index++) await audit.append({ ...acme, action: `a${index}` })
  const { items } = await store.list({ tenantId: '~audit:acme', limit: 10 })
  const ref = { tenantId: '~audit:acme', id: items[0]!.id }
  return { store, audit, ref, lane: ref.id, verify: async () => audit.verify(acme) }
}

type Payloads = readonly string[]

/** Somebody who may write to the database puts another lane in the place of this one. */
async function tamper(
  store: SessionStore,
  ref: { tenantId: string; id: string },
  payloadsOf: (payloads: Payloads) => Payloads,
  bodyOf: (body: string) => string = (body) => body,
): Promise<void> {
  const { record, body, messages } = (await store.read(ref, { tail: 1000 })) as StoredSession
  const payloads = payloadsOf(messages.map(({ payload }) => payload))
  await store.remove(ref)
  const lastSeq = payloads.length
  const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0)
  const kept = payloads.map((payload, index) => ({
    ...messages[Math.min(index, messages.length - 1)]!,
    id: String(index + 1),
    seq: index + 1,
    payload,
  }))
  await store.restore(ref, { record: { ...record, lastSeq, bytes }, body: bodyOf(body), messages: kept })
}

const without = (payloads: Payloads, seq: number) => payloads.filter((_, index) => index !== seq - 1)

describe('a check of the audit', () => {
  const each = Array.from({ length: count }, (_, index) => index + 1)
  const edits: readonly (readonly [string, (payloads: Payloads, seq: number) => Payloads, string])[] = [
    ['changed', (all, seq) => all.with(seq - 1, all[seq - 1]!.replace(/"a\d"/, '"a9"')), 'changed'],
    [
      'given another time',
      (all, seq) => all.with(seq - 1, all[seq - 1]!.replace(/"at":\d/, '"at":9')),
      'changed',
    ],
    ['made into no entry at all', (all, seq) => all.with(seq - 1, 'nothing'), 'changed'],
    [
      'put in before it',
      (all, seq) => all.toSpliced(seq - 1, 0, all[0]!.replace(/"a\d"/, '"a0"')),
      'changed',
    ],
  ]
  it.each(edits)('names each entry that was %s', async (_, edit, why) => {
    for (const seq of each) {
      const { store, ref, lane, verify } = await written()
      await tamper(store, ref, (payloads) => edit(payloads, seq))
      expect(await verify()).toEqual({ ok: false, lane, seq, why })
    }
  })

  it('names each entry that was removed', async () => {
    for (const seq of each) {
      const { store, ref, lane, verify } = await written()
      await tamper(store, ref, (payloads) => without(payloads, seq))
      const why = seq === count ? 'truncated' : 'missing'
      expect(await verify()).toEqual({ ok: false, lane, seq, why })
    }
  })

  it('names each entry that stands elsewhere, or twice', async () => {
    for (const seq of each.slice(0, -1)) {
      const swapped = await written()
      await tamper(swapped.store, swapped.ref, (all) => all.with(seq - 1, all[seq]!).with(seq, all[seq - 1]!))
      expect(await swapped.verify()).toEqual({ ok: false, lane: swapped.lane, seq, why: 'reordered' })
      const repeated = await written()
      await tamper(repeated.store, repeated.ref, (all) => all.toSpliced(seq, 0, all[seq - 1]!))
      expect(await repeated.verify()).toEqual({
        ok: false,
        lane: repeated.lane,
        seq: seq + 1,
        why: 'reordered',
      })
    }
  })

  it('names a lane that is cut off, however much of it, or that nobody has signed', async () => {
    for (const kept of [0, 1, 5]) {
      const { store, ref, lane, verify } = await written()
      await tamper(store, ref, (payloads) => payloads.slice(0, kept))
      expect(await verify()).toEqual({ ok: false, lane, seq: kept + 1, why: 'truncated' })
    }
    const forged = await written()
    await forged.store.commit(
      { tenantId: '~audit:acme', id: '2026-01-01.forged' },
      { revision: 0, body: '{}', messages: [{ id: '1', payload: 'x' }] },
    )
    const unknown = { ok: false, lane: '2026-01-01.forged', seq: 0, why: 'unknown lane' }
    expect(await forged.verify()).toEqual(unknown)
    const copied = await written()
    const { record, body, messages } = (await copied.store.read(copied.ref, { tail: 10 })) as StoredSession
    const elsewhere = { tenantId: '~audit:acme', id: `${copied.lane.slice(0, 11)}copy` }
    await copied.store.restore(elsewhere, { record: { ...record, incarnation: 'other' }, body, messages })
    expect(await copied.verify()).toEqual({ ok: false, lane: elsewhere.id, seq: 0, why: 'unknown lane' })
  })

  it('names a head that was changed, or that is of an earlier moment', async () => {
    const { store, ref, lane, verify } = await written()
    const { body: early } = (await store.read(ref)) as StoredSession
    await tamper(
      store,
      ref,
      (all) => all,
      (body) => body.replace('"seq":6', '"seq":5'),
    )
    expect(await verify()).toEqual({ ok: false, lane, seq: 0, why: 'changed' })
    const later = await written()
    await tamper(
      later.store,
      later.ref,
      (all) => all,
      () => early,
    )
    expect(await later.verify()).toEqual({ ok: false, lane: later.lane, seq: 0, why: 'changed' })
  })

  it('finds by a checkpoint what a lane alone does not tell', async () => {
    const told: AuditCheckpoint[] = []
    const store = memoryStore()
    const { audit } = audited(store, undefined, (checkpoint) => told.push(checkpoint))
    await audit.append({ ...acme, action: 'a1' })
    const lane = (await store.list({ tenantId: '~audit:acme', limit: 1 })).items[0]!.id
    const ref = { tenantId: '~audit:acme', id: lane }
    const early = (await store.read(ref, { tail: 10 })) as StoredSession
    await audit.append({ ...acme, action: 'a2' })
    expect(await audit.checkpoint(acme)).toEqual(told)
    expect(told).toMatchObject([{ ...acme, seq: 1, lanes: [{ lane, seq: 2 }] }])
    expect(await audit.verify({ ...acme, checkpoint: told[0]! })).toMatchObject({ ok: true, entries: 2 })
    const put = async (copy: StoredSession): Promise<AuditVerdict> => {
      await store.remove(ref)
      await store.restore(ref, copy)
      return audit.verify(acme)
    }
    expect(await put(early)).toEqual({ ok: false, lane, seq: 2, why: 'truncated' })
    await store.remove(ref)
    expect(await audit.verify(acme)).toEqual({ ok: false, lane, seq: 0, why: 'missing' })
    // Who removes the checkpoints, too, is found by the one that was kept elsewhere.
    await store.remove({ tenantId: '~audit:acme', id: 'checkpoints' })
    expect(await audit.verify(acme)).toMatchObject({ ok: true })
    const gone = { ok: false, lane: 'checkpoints', seq: 0, why: 'missing' }
    expect(await audit.verify({ ...acme, checkpoint: told[0]! })).toEqual(gone)
  })

  it.each<[string, (checkpoint: AuditCheckpoint) => unknown]>([
    ['an empty object', () => ({})],
    ['one without its hash', (checkpoint) => ({ ...checkpoint, hash: undefined })],
    ['one without its place', (checkpoint) => ({ ...checkpoint, seq: undefined })],
    ['one whose place is a text', (checkpoint) => ({ ...checkpoint, seq: String(checkpoint.seq) })],
    ['one before the first', (checkpoint) => ({ ...checkpoint, seq: 0 })],
    ['one with an empty hash', (checkpoint) => ({ ...checkpoint, hash: '' })],
    ['one of another tenant', (checkpoint) => ({ ...checkpoint, tenantId: 'other' })],
  ])('refuses to check by %s, which would find nothing', async (_, change) => {
    const { audit } = await written()
    const [checkpoint] = await audit.checkpoint(acme)
    const given = change(checkpoint!) as AuditCheckpoint
    await expect(audit.verify({ ...acme, checkpoint: given })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('writes no intent of what is nothing to do', async () => {
    const { audit, verify } = await written()
    const entry = { ...acme, action: 'report.send' }
    await expect(audit.during(entry, undefined as never)).rejects.toMatchObject({ code: 'invalid' })
    expect(await verify()).toMatchObject({ ok: true, entries: count })
  })

  it('makes checkpoints of what is new alone, from many processes at once', async () => {
    // Two that say the same at the same moment would be one.
    let now = Date.now()
    const store = memoryStore({ clock: () => now++ })
    const processes = [audited(store), audited(store)]
    for (const { audit } of processes) await audit.append({ ...acme, action: 'a' })
    const made = (await Promise.all(processes.map(({ audit }) => audit.checkpoint(acme)))).flat()
    expect(made.map(({ seq }) => seq).toSorted()).toEqual([1, 2])
    expect(await processes[0]!.audit.verify({ ...acme, checkpoint: made[1]! })).toEqual({
      ok: true,
      lanes: 2,
      entries: 2,
    })
    expect(await processes[0]!.audit.checkpoint({ tenantId: 'other' })).toEqual([])
  })

  it('goes on when secrets are rotated, and knows no lane of a secret that is gone', async () => {
    const store = memoryStore()
    await audited(store, [old]).audit.append({ ...acme, action: 'a' })
    await audited(store, [old]).audit.checkpoint(acme)
    const newer = audited(store, ['a secret of the audit that is long enough', old])
    await newer.audit.append({ ...acme, action: 'a' })
    await newer.audit.checkpoint(acme)
    expect(await newer.audit.verify(acme)).toEqual({ ok: true, lanes: 2, entries: 2 })
    expect(await audited(store).audit.verify(acme)).toMatchObject({ ok: false, why: 'unknown lane' })
  })
})
