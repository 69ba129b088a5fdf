import type { StoredSession } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { parseCopy, toCopyText } from '../src/stored/cached-session.js'

const ref = { tenantId: 'acme', id: 'one' }
const record = {
  ...ref,
  incarnation: 'i',
  revision: 2,
  changes: 5,
  lastSeq: 4,
  trimmedSeq: 1,
  bytes: 9,
  createdAt: 1,
  updatedAt: 2,
  activeAt: 2,
}
const message = (seq: number) => ({ seq, id: `m${seq}`, at: 2, payload: 'x' })
const stored: StoredSession = { record, body: 'a "body" \u0000 \ud83d', messages: [3, 4].map(message) }

const parsed = (given: unknown, at = '100', now = 150) =>
  parseCopy(ref, `${at} ${typeof given === 'string' ? given : JSON.stringify(given)}`, now)

describe('a copy of a session', () => {
  test('is what was kept, and says how old it may be', () => {
    expect(parsed(toCopyText(stored))).toEqual({ stored, ageMs: 51 })
    const full = {
      ...stored,
      record: { ...record, userId: 'alice', label: 'l', title: 't', expiresAt: 9, lifetime: { idleMs: 5 } },
    }
    expect(parsed(toCopyText(full))).toEqual({ stored: full, ageMs: 51 })
    for (const messages of [[], [message(4)], [2, 3, 4].map(message)])
      expect(parsed({ ...stored, messages })?.stored.messages).toEqual(messages)
  })

  test('is none when the clock was set back since, or it says no time', () => {
    expect(parsed(stored, '150', 150)?.ageMs).toBe(1)
    expect(parsed(stored, '151', 150)).toBeUndefined()
    expect(parsed(stored, 'now', 150)).toBeUndefined()
    expect(parseCopy(ref, JSON.stringify(stored), 150)).toBeUndefined()
    expect(parseCopy(ref, '', 150)).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['of another tenant', { ...stored, record: { ...record, tenantId: 'other' } }],
    ['of another session', { ...stored, record: { ...record, id: 'two' } }],
    ['of no JSON', '{"record":'],
    ['of nothing', null],
    ['of a text', '"text"'],
    ['without a record', { ...stored, record: undefined }],
    ['without a body', { ...stored, body: undefined }],
    ['without messages', { ...stored, messages: undefined }],
    ['with messages that are no list', { ...stored, messages: { length: 2 } }],
    ['with a gap', { ...stored, messages: [2, 4].map(message) }],
    ['without the newest message', { ...stored, messages: [2, 3].map(message) }],
    ['with a message that was trimmed', { ...stored, messages: [1, 2, 3, 4].map(message) }],
    ['with a message of no place', { ...stored, messages: [3, null] }],
    ...Object.keys(message(4)).map((name): [string, unknown] => [
      `with a message without its ${name}`,
      { ...stored, messages: [message(3), { ...message(4), [name]: undefined }] },
    ]),
    [
      'with a time of a message that is none',
      { ...stored, messages: [message(3), { ...message(4), at: 1.5 }] },
    ],
    ...[
      'incarnation',
      'revision',
      'changes',
      'lastSeq',
      'trimmedSeq',
      'bytes',
      'createdAt',
      'updatedAt',
      'activeAt',
    ].flatMap((name): [string, unknown][] => [
      [`without ${name}`, { ...stored, record: { ...record, [name]: undefined } }],
      [`with an odd ${name}`, { ...stored, record: { ...record, [name]: name === 'incarnation' ? 5 : '2' } }],
    ]),
    ...['userId', 'label', 'title'].map((name): [string, unknown] => [
      `with a ${name} that is no text`,
      { ...stored, record: { ...record, [name]: 5 } },
    ]),
    ['with a deadline that is none', { ...stored, record: { ...record, expiresAt: 'soon' } }],
    ['with a lifetime that is none', { ...stored, record: { ...record, lifetime: 5 } }],
    ['with a lifetime of null', { ...stored, record: { ...record, lifetime: null } }],
  ])('is none %s', (_, given) => {
    expect(parsed(given)).toBeUndefined()
  })
})
