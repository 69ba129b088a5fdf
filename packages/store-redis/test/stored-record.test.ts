import { isSessionError, type SessionRecord } from '@sessions/core/store'
import { expect, test } from 'vitest'
import {
  checkWhose,
  parseBody,
  parseMessages,
  parseRecord,
  toRecordText,
  whose,
} from '../src/stored/stored-record.js'

const ref = { tenantId: 'acme', id: 'one' }
const plain: SessionRecord = {
  ...ref,
  incarnation: 'first one',
  revision: 14,
  changes: 29,
  lastSeq: 17,
  trimmedSeq: 10,
  bytes: 130,
  createdAt: 1000,
  updatedAt: 3000,
  activeAt: 2000,
}
const full: SessionRecord = {
  ...plain,
  expiresAt: 5000,
  lifetime: { idleMs: 60, absoluteMs: null },
  userId: 'u 1',
  label: 'a: b',
  title: 'Two\nlines',
}

/** What a text is refused with. */
const refusalOf = (parse: () => unknown) => {
  try {
    return parse()
  } catch (error) {
    return isSessionError(error, 'corrupt')
      ? error.message.replace('the stored session cannot be read: ', '')
      : error
  }
}

test('a record is one text, and comes back from it', () => {
  expect(toRecordText(ref, plain)).toBe(
    `r3 ${whose(ref)} 14 29 17 10 130 1000 3000 2000 - - first~0020one    `,
  )
  expect(toRecordText(ref, full)).toBe(
    `r3 ${whose(ref)} 14 29 17 10 130 1000 3000 2000 5000 60,* first~0020one  u~00201 a~003a~0020b Two\nlines`,
  )
  for (const record of [plain, full, { ...plain, title: 'é' }, { ...plain, label: 'l' }])
    expect(parseRecord(ref, toRecordText(ref, record))).toStrictEqual(record)
  // The names of changes, which the script keeps there, are no part of a record.
  const changed = toRecordText(ref, full).replace('  u~00201', ' op1,op2 u~00201')
  expect(parseRecord(ref, changed)).toStrictEqual(full)
})

test.each([
  ['nothing', undefined],
  ['a list', []],
  ['another layout', toRecordText(ref, full).replace('r3', 'r2')],
  ['something before it', `x${toRecordText(ref, full)}`],
  ['a count that is none', toRecordText(ref, full).replace(' 29 ', ' many ')],
  ['a deadline that is none', toRecordText(ref, full).replace(' 5000 ', ' soon ')],
  ['too few parts', 'r3 x 1 2 3'],
])('a record that is none is corrupt: %s', (_, text) => {
  expect(refusalOf(() => parseRecord(ref, text))).toBe('its record is not one')
})

test('a record of another session is corrupt, and so is a reply about one', () => {
  const other = { ...ref, id: 'two' }
  const said = 'it is the one of another'
  expect(refusalOf(() => parseRecord(other, toRecordText(ref, plain)))).toBe(said)
  expect(refusalOf(() => parseRecord(ref, toRecordText(ref, plain), whose(other)))).toBe(said)
  expect(refusalOf(() => checkWhose(ref, whose(other)))).toBe(said)
  expect(refusalOf(() => checkWhose({ ...ref, tenantId: 'other' }, whose(ref)))).toBe(said)
  expect(refusalOf(() => checkWhose(ref, undefined))).toBe(said)
  expect(refusalOf(() => checkWhose(ref, whose(ref)))).toBeUndefined()
})

test('a body is its text, and what is none is corrupt', () => {
  expect(parseBody('b{}')).toBe('{}')
  expect(parseBody('b')).toBe('')
  for (const element of ['{}', '', undefined, ['b'], '|'])
    expect(refusalOf(() => parseBody(element))).toBe('its body is not one')
  expect(refusalOf(() => parseBody('b\u0001{'))).toBe('a text in it is not one')
})

test('messages are of dense seq, forth and back', () => {
  const element = (seq: number) => `m${seq} 15 m~0020${seq} say ${seq}`
  const message = (seq: number) => ({ seq, id: `m ${seq}`, at: 15, payload: `say ${seq}` })
  expect(parseMessages([], 'asc')).toEqual([])
  expect(parseMessages([9, 10].map(element), 'asc')).toEqual([message(9), message(10)])
  expect(parseMessages([10, 9].map(element), 'desc')).toEqual([message(10), message(9)])
  expect(parseMessages([10, 9].map(element), 'desc', 10)).toEqual([message(10), message(9)])
  expect(parseMessages(['m1 0 a '], 'asc')).toEqual([{ seq: 1, id: 'a', at: 0, payload: '' }])
  expect(refusalOf(() => parseMessages([9, 11].map(element), 'asc'))).toBe('message 10 is not there')
  expect(refusalOf(() => parseMessages([9].map(element), 'asc', 8))).toBe('message 8 is not there')
  expect(refusalOf(() => parseMessages([element(9), undefined], 'asc'))).toBe('message 10 is not there')
})

test.each([
  ['nothing', undefined, 'a message is not one'],
  ['a list', [['m1 1 a x']], 'a message is not one'],
  ['another element', 'b{}', 'a message is not one'],
  ['one with something before it', ' m1 1 a x', 'a message is not one'],
  ['one without a time', 'm1 a x', 'message 1 is not one'],
  ['one whose time is none', 'm1 late a x', 'message 1 is not one'],
  ['one that ends after its time', 'm1 15', 'message 1 is not one'],
  ['one that ends after its id', 'm1 15 a', 'message 1 is not one'],
  ['one whose text is none', 'm1 15 a \u0001{', 'a text in it is not one'],
])('a message that is none is corrupt: %s', (_, element, said) => {
  expect(refusalOf(() => parseMessages([element], 'asc'))).toBe(said)
})
