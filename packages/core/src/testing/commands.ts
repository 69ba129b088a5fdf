import * as fc from 'fast-check'
import type { SessionRef } from '../contract/session-record.js'
import type { MessageQuery, SessionChange, SessionCopy, SessionStore } from '../contract/session-store.js'
import { allSessions, refusalOf } from './store-case.js'

/** One call of a store, as data: fast-check can print it and make it smaller. */
export type Command =
  | { call: 'commit'; id: string; change: SessionChange }
  | { call: 'read'; id: string; tail: number }
  | { call: 'messages'; id: string; query: MessageQuery }
  | { call: 'amend'; id: string; seq: number; payload: string; changes?: number }
  | { call: 'trim'; id: string; throughSeq: number }
  | { call: 'remove'; id: string; changes?: number }
  | { call: 'restore'; id: string; copy: SessionCopy }
  | { call: 'list'; userId?: string; label?: string }

// There are few ids, payloads and seqs, so that commands meet.
const id = fc.constantFrom('a', 'b')
const payload = fc.constantFrom('x', 'é')
const seq = fc.nat(6)
const name = fc.constantFrom('', 'n', 'o')
const newMessages = fc.array(fc.record({ id: fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5'), payload }), {
  maxLength: 3,
})
const names = { userId: name, label: name, title: name }
const incarnation = fc.constantFrom('i', 'j')
const noTimes = { createdAt: 0, updatedAt: 0, activeAt: 0 }
const optional = { requiredKeys: [] as [] }

const lifetime = fc.constantFrom(
  {},
  { idleMs: 0 },
  { idleMs: 3_600_000 },
  { idleMs: null },
  { idleMs: 3_600_000, absoluteMs: null },
)

const change: fc.Arbitrary<SessionChange> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ messages: newMessages }) },
  {
    weight: 3,
    arbitrary: fc.record(
      { revision: fc.constant(0), incarnation, body: payload, messages: newMessages, ...names },
      { requiredKeys: ['revision', 'incarnation'] },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { revision: fc.integer({ min: 1, max: 3 }), incarnation, body: payload, messages: newMessages },
      { requiredKeys: ['revision', 'body'] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ revision: fc.integer({ min: 1, max: 3 }), messages: newMessages }) },
  { weight: 1, arbitrary: fc.record({ incarnation, messages: newMessages, ...names }, optional) },
  { weight: 1, arbitrary: fc.record({ messages: newMessages, idleMs: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ messages: newMessages, ownedBy: name }) },
  {
    weight: 1,
    arbitrary: fc.record({ messages: newMessages, maxSeq: fc.nat(5), maxBytes: fc.nat(8) }, optional),
  },
  { weight: 1, arbitrary: fc.record({ messages: newMessages, lifetime }) },
)

const copy: fc.Arbitrary<SessionCopy> = fc
  .record({
    incarnation,
    changes: fc.integer({ min: 1, max: 6 }),
    lastSeq: fc.nat(4),
    trimmedSeq: fc.nat(2),
    body: payload,
    payload,
    userId: fc.constantFrom('n', 'o'),
  })
  .map(({ incarnation, changes, lastSeq, trimmedSeq, body, payload, userId }) => {
    const last = Math.max(lastSeq, trimmedSeq)
    const seqs = Array.from({ length: last - trimmedSeq }, (_, index) => trimmedSeq + 1 + index)
    const counts = {
      revision: changes,
      changes,
      lastSeq: last,
      trimmedSeq,
      bytes: seqs.length * Buffer.byteLength(payload),
    }
    const messages = seqs.map((seq) => ({ seq, id: `m${seq}`, at: 0, payload }))
    return { record: { incarnation, ...counts, userId, ...noTimes }, body, messages }
  })

const limit = fc.integer({ min: 1, max: 4 })
const order = fc.constantFrom('asc' as const, 'desc' as const)
const query = fc.record({ limit, after: seq, before: seq, order }, { requiredKeys: ['limit'] })

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ call: fc.constant('commit' as const), id, change }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('read' as const), id, tail: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('messages' as const), id, query }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { call: fc.constant('amend' as const), id, seq, payload, changes: fc.integer({ min: 1, max: 4 }) },
      { requiredKeys: ['call', 'id', 'seq', 'payload'] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('trim' as const), id, throughSeq: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { call: fc.constant('remove' as const), id, changes: fc.integer({ min: 1, max: 4 }) },
      { requiredKeys: ['call', 'id'] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('restore' as const), id, copy }) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        call: fc.constant('list' as const),
        userId: fc.constantFrom('n', 'o'),
        label: fc.constantFrom('n', 'o'),
      },
      { requiredKeys: ['call'] },
    ),
  },
)

/** The result of a call or the reason for its refusal, without times: other cases check those. */
export async function outcomeOf(store: SessionStore, tenantId: string, step: Command): Promise<unknown> {
  let value: unknown
  const refused = await refusalOf(
    (async () => {
      value = await call(store, tenantId, step)
    })(),
  )
  return refused ?? withoutTimes(value)
}

async function call(store: SessionStore, tenantId: string, step: Command): Promise<unknown> {
  if (step.call === 'list') {
    const { call: _, ...filter } = step
    const records = await allSessions(store, { tenantId, ...filter }, 1)
    return records.sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  const ref: SessionRef = { tenantId, id: step.id }
  switch (step.call) {
    case 'commit':
      return store.commit(ref, step.change)
    case 'read':
      return store.read(ref, { tail: step.tail })
    case 'messages':
      return store.messages(ref, step.query)
    case 'amend':
      return store.amend(ref, [step], step.changes === undefined ? {} : { changes: step.changes })
    case 'trim':
      return store.trim(ref, step.throughSeq)
    case 'restore':
      return store.restore(ref, step.copy)
    default:
      return store.remove(ref, step.changes === undefined ? {} : { changes: step.changes })
  }
}

const times = new Set(['at', 'createdAt', 'updatedAt', 'activeAt', 'expiresAt'])

function withoutTimes(value: unknown): unknown {
  if (typeof value !== 'object') return value
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (times.has(key) ? undefined : inner)))
}
