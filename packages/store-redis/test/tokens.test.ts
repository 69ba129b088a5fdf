import type { SessionCopy, SessionRecord } from '@sessions/core/store'
import { expect, test } from 'vitest'
import { digest, fromText } from '../src/stored/encoding.js'
import { fromLifetimeToken, toLifetimeToken } from '../src/stored/lifetime-token.js'
import { toRestoreArgs } from '../src/stored/restore-args.js'
import { toCommitted, toRefusal, toRepeated, toSent, toVerdict } from '../src/sent-change.js'

const record: SessionRecord = {
  tenantId: 'acme',
  id: 'one',
  incarnation: 'first',
  revision: 4,
  changes: 9,
  lastSeq: 7,
  trimmedSeq: 0,
  bytes: 30,
  createdAt: 1000,
  updatedAt: 3000,
  activeAt: 2000,
}

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

test.each([
  [{}, '-'],
  [{ idleMs: 5 }, '5,'],
  [{ absoluteMs: 7 }, ',7'],
  [{ idleMs: null, absoluteMs: 7 }, '*,7'],
  [{ idleMs: 5, absoluteMs: null }, '5,*'],
])('a lifetime is one token: %o', (lifetime, token) => {
  expect(toLifetimeToken(lifetime)).toBe(token)
  expect(fromLifetimeToken(token)).toStrictEqual(token === '-' ? undefined : lifetime)
})

test('no lifetime is one token, too, and what is none is corrupt', () => {
  expect(toLifetimeToken()).toBe('-')
  for (const token of ['5', 'x,5', '5,x', '1.5,', '5,-Infinity'])
    expect(() => fromLifetimeToken(token)).toThrowError(refused('corrupt', /its lifetime is not one/))
})

test('an escaped text that is none is refused, and the digest that decides where a tenant is stays', () => {
  expect(() => fromText('\u00015')).toThrowError('an escaped text that is none')
  expect(fromText('\u0001"5"')).toBe('5')
  expect([digest(''), digest('acme'), digest('Ä 😀')]).toEqual([2_166_136_261, 1_174_237_615, 4_023_622_420])
})

test('a part of a copy says whether more is to come, and which message is its first', () => {
  const copy: SessionCopy = { record, body: '{}', messages: [] }
  const heads = (given: Partial<SessionCopy>) => {
    const [incarnation, changes, lastSeq, trimmedSeq, expiresAt, more, , body, first, ...messages] =
      toRestoreArgs(record, { ...copy, ...given })
    return [incarnation, changes, lastSeq, trimmedSeq, expiresAt, more, body, first, ...messages]
  }
  expect(heads({})).toEqual(['first', '9', '7', '0', '-', '0', 'b{}', '0'])
  expect(heads({ more: true })[5]).toBe('1')
  expect(heads({ record: { ...record, expiresAt: 5000 } })[4]).toBe('5000')
  const messages = [{ seq: 3, id: 'm 3', at: 1500, payload: '1' }]
  expect(heads({ messages }).slice(6)).toEqual(['b{}', '3', 'm~00203', '1500', '1'])
})

test('a change keeps of itself what its answer needs', () => {
  const nothing = {
    revision: undefined,
    ids: [],
    names: {},
    maxSeq: Infinity,
    maxBytes: Infinity,
    dueMs: undefined,
  }
  expect(toSent({})).toStrictEqual(nothing)
  const messages = [{ id: 'm', payload: '1' }]
  expect(toSent({ revision: 3, messages, maxSeq: 5, maxBytes: 6, userId: 'u' })).toStrictEqual({
    ...nothing,
    revision: 3,
    ids: ['m'],
    maxSeq: 5,
    maxBytes: 6,
    names: { userId: 'u' },
  })
  expect(toSent({ label: 'l' }).names).toStrictEqual({ label: 'l' })
  expect(toSent({ idleMs: 5, absoluteMs: 7 }).dueMs).toBe(5)
  expect(toSent({ idleMs: 7, absoluteMs: 5 }).dueMs).toBe(5)
  expect(toSent({ idleMs: 5, absoluteMs: 7, lifetime: { idleMs: null } }).dueMs).toBe(7)
  expect(toSent({ idleMs: 5, lifetime: { absoluteMs: 3 } }).dueMs).toBe(3)
})

test('a reply is that to this commit, or refused', () => {
  expect(toVerdict('op1', ['ok op1 rest of it'])).toEqual(['ok', 'rest of it', ''])
  expect(toVerdict('op1', ['again', 'op1', 'a', 'b'])).toEqual(['again', 'a', 'b'])
  for (const reply of [['ok op2 rest'], ['again', 'op2', 'a'], [5], []])
    expect(() => toVerdict('op1', reply)).toThrowError('the client gave the reply to another command')
})

test('messages of a commit have their places: new ones at the end, those that were there where they were', () => {
  const sent = toSent({ messages: ['a', 'b', 'c'].map((id) => ({ id, payload: '1' })) })
  const added = (id: string, seq: number) => ({ id, seq, at: 3000, inserted: true })
  expect(toCommitted(sent, record, [])).toEqual({
    record,
    messages: [added('a', 5), added('b', 6), added('c', 7)],
  })
  expect(toCommitted(sent, record, ['0', '2 1500', 0])).toEqual({
    record,
    messages: [added('a', 6), { id: 'b', seq: 2, at: 1500, inserted: false }, added('c', 7)],
  })
})

test('a commit that was applied before says what it did then', () => {
  const sent = toSent({ revision: 2, messages: [{ id: 'a', payload: '1' }] })
  expect(toRepeated(sent, record, ['5 1500'])).toEqual({
    record: { ...record, revision: 3 },
    messages: [{ id: 'a', seq: 5, at: 1500, inserted: true }],
  })
})

test('each other verdict is an error of its own', () => {
  const sent = toSent({
    revision: 2,
    maxSeq: 5,
    maxBytes: 600,
    messages: [
      { id: 'a', payload: '1' },
      { id: 'b', payload: '1' },
    ],
  })
  const refusal = (verdict: string, ...details: unknown[]) => toRefusal(sent, verdict, details)
  expect(refusal('gone')).toMatchObject({ code: 'not_found' })
  expect(refusal('revision', '4')).toMatchObject({ code: 'conflict', revision: 4 })
  expect(refusal('id', '1')).toMatchObject({ code: 'conflict', messageId: 'b' })
  expect(refusal('full', 'bytes')).toEqual(refused('too_large', /at most 600 bytes/))
  expect(refusal('full', 'messages')).toEqual(refused('limit_reached', /at most 5 messages/))
  expect(refusal('other', 'the log has gaps')).toEqual(refused('corrupt', /the log has gaps/))
})
