import { expect, test } from 'vitest'
import { IndexChange } from '../src/stored/index-change.js'
import {
  parseDueMember,
  parseMember,
  toDueMember,
  toIndexed,
  toMember,
  toPlaces,
} from '../src/stored/index-entry.js'
import { parseCursor, toCursor, toPlace } from '../src/stored/cursor.js'

test('each change of an index is an operation, the number of its key, a score and a member', () => {
  const change = new IndexChange()
  expect(change.isEmpty).toBe(true)
  change
    .put('a', 1, 'm')
    .set('b', 2, 'm')
    .announce('a', 'm')
    .announceDue('c', 60, 'm')
    .move('b', 3, 4, 'm')
    .dropOld('a', 'm', 5)
    .drop('b', 'm')
    .drop('b', 'm', 6)
  expect(change.isEmpty).toBe(false)
  expect(change.keys).toEqual(['a', 'b', 'c'])
  expect(
    change.args
      .join(' ')
      .split(' m')
      .map((each) => each.trim()),
  ).toEqual(['+ 1 1', '= 2 2', '! 1 0', 'd 3 60', '~ 2 3', '+ 2 4', '? 1 5', '- 2 0', '~ 2 6', ''])
})

test('an entry tells which session it is of, and of its names those that it has', async () => {
  const record = { tenantId: 'acme & co', id: 'one two', incarnation: 'first', activeAt: 5, expiresAt: 7 }
  const plain = await toIndexed({ ...record, userId: '', label: '' })
  expect(plain).toEqual({ ...record, user: undefined, label: undefined })
  expect(await toIndexed(record)).toEqual(plain)
  expect(toMember(plain)).toBe('one~0020two k495j5')
  expect(parseMember(toMember(plain))).toEqual({ id: 'one two' })
  const ref = { tenantId: 'acme & co', id: 'one two', member: 'one~0020two k495j5' }
  expect(parseDueMember(toDueMember(plain))).toStrictEqual(ref)
  const named = await toIndexed({ ...record, userId: 'alice', label: 'a: b' })
  expect(named).toEqual({ ...record, user: 'K9gGyX8OAK8aH8Myj6djqS', label: 'a: b' })
  expect(parseDueMember(toDueMember(named))).toStrictEqual({ ...ref, user: named.user, label: 'a: b' })
})

test('members and scores come in turn', () => {
  expect(toPlaces([])).toEqual([])
  expect(toPlaces(['a', '1', 'b', -2])).toEqual([
    { member: 'a', score: 1 },
    { member: 'b', score: -2 },
  ])
})

test('a cursor is a place in an index, and no text that another store made', () => {
  const place = { score: -1500, member: 'one k495j5' }
  expect(parseCursor(toCursor(place))).toEqual(place)
  expect(toPlace({ activeAt: 1500, id: 'one two' })).toEqual({ score: -1500, member: 'one~0020two!' })
  for (const text of ['', 'x', toCursor(place).slice(1)])
    expect(() => parseCursor(text)).toThrowError(expect.objectContaining({ code: 'invalid' }))
})
