import type { StoredSession } from '@sessions/core/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { after, answerOf, bytesOf, cutTo, laterOf, pageOf } from '../src/entry.js'
import { Flights } from '../src/flights.js'
import { Floors } from '../src/floors.js'
import { entry, message, stored } from './entries.js'

let now = 0
beforeEach(() => {
  now = 100_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const megabyte = 1024 * 1024
const seqs = (page: { messages: readonly { seq: number }[] } | undefined) =>
  page?.messages.map(({ seq }) => seq)

describe('a copy', () => {
  it('answers where it has as many messages as are asked for, or all that there are', () => {
    const answer = (given: StoredSession, tail: number) => seqs(answerOf(given, tail))
    expect([answer(stored(5, 3), 3), answer(stored(5, 3), 2), answer(stored(5, 3), 4)]).toEqual([
      [3, 4, 5],
      [4, 5],
      undefined,
    ])
    expect(answer(stored(5, 3, { trimmedSeq: 2 }), 4)).toEqual([3, 4, 5])
    expect([answer(stored(0), 9), answer(stored(5, 0), 0), answer(stored(5, 0), 1)]).toEqual([
      [],
      [],
      undefined,
    ])
    expect(answer(stored(5, 0, { trimmedSeq: 5 }), 1)).toEqual([])
  })

  it('is one that the caller may alter', () => {
    const given = stored(2, 2, { lifetime: { idleMs: 1 } })
    const { record, messages, body } = cutTo(given, 2)
    Object.assign(record.lifetime!, { idleMs: 2 })
    Object.assign(record, { title: 'x' })
    Object.assign(messages[0]!, { payload: 'y' })
    expect([given.record.lifetime, given.record.title, given.messages[0]!.payload, body]).toEqual([
      { idleMs: 1 },
      undefined,
      'p1',
      'body',
    ])
    expect('lifetime' in cutTo(stored(1), 0).record).toBe(false)
  })

  it('of a tail is as long as a page', () => {
    const large = { ...stored(0), messages: [1, 2, 3].map((seq) => message(seq, 'x'.repeat(2 * megabyte))) }
    expect(seqs(cutTo(large, 3))).toEqual([2, 3])
  })

  it('gives the pages of the store, where it has all of their messages', () => {
    const given = stored(9, 6, { trimmedSeq: 1 })
    const page = (query: object) => {
      const found = pageOf(given, { limit: 3, ...query })
      return found && [seqs(found)!.join(' '), found.more]
    }
    expect(page({ after: 3 })).toEqual(['4 5 6', true])
    expect(page({ after: 6 })).toEqual(['7 8 9', false])
    expect(page({ after: 7 })).toEqual(['8 9', false])
    expect([page({ after: 2 }), page({})]).toEqual([undefined, undefined])
    expect(page({ order: 'desc' })).toEqual(['9 8 7', true])
    expect(page({ order: 'desc', before: 7 })).toEqual(['6 5 4', true])
    expect(page({ order: 'desc', before: 6 })).toBeUndefined()
    expect(page({ order: 'desc', after: 4, before: 7 })).toEqual(['6 5', false])
    expect(page({ after: 4, before: 7 })).toEqual(['5 6', false])
    expect(page({ after: 4, before: 20 })).toEqual(['5 6 7', true])
    expect([page({ after: 9 }), page({ before: 2 }), page({ after: 4, before: 5 })]).toEqual([
      ['', false],
      ['', false],
      ['', false],
    ])
    expect(page({ after: 8 })).toEqual(['9', false])
    const whole = stored(3, 3)
    expect(seqs(pageOf(whole, { limit: 9 }))).toEqual([1, 2, 3])
    expect(pageOf(stored(3, 0), { limit: 9 })).toBeUndefined()
    const large = {
      ...stored(3, 0),
      messages: [1, 2, 3].map((seq) => message(seq, 'x'.repeat(2 * megabyte))),
    }
    expect(pageOf(large, { limit: 3 })).toMatchObject({ more: true, messages: [{ seq: 1 }, { seq: 2 }] })
    expect(pageOf(large, { limit: 3, order: 'desc' })).toMatchObject({
      more: true,
      messages: [{ seq: 3 }, { seq: 2 }],
    })
    const [first] = pageOf(whole, { limit: 1 })!.messages
    Object.assign(first!, { payload: 'altered' })
    expect(whole.messages[0]!.payload).toBe('p1')
  })

  it('takes about as many bytes as its texts', () => {
    const of = (body: string, ...payloads: string[]) =>
      bytesOf({
        ...stored(0),
        body,
        messages: payloads.map((payload, n) => ({ ...message(n), id: 'id', payload })),
      })
    expect(of('')).toBe(1024)
    expect([of('four'), of('fÿur'), of('漢字')]).toEqual([1028, 1028, 1028])
    expect(of('', 'x'.repeat(10), '漢'.repeat(10))).toBe(1024 + 2 * 162 + 10 + 20)
  })

  it('follows a change that was the only one', () => {
    const record = { ...stored(3).record, changes: 2 }
    const appended = [
      { id: 'm2', seq: 2, at: 2, inserted: false },
      { id: 'm4', seq: 4, at: 9, inserted: true },
    ]
    const messages = [
      { id: 'm2', payload: 'again' },
      { id: 'm4', payload: 'new' },
    ]
    const now = after(stored(3), { body: 'next', messages }, { record, messages: appended })
    expect(now).toEqual({
      record,
      body: 'next',
      messages: [...stored(3).messages, { ...message(4, 'new'), at: 9 }],
      weighed: expect.any(Number),
    })
    expect(now.record).not.toBe(record)
    expect(after(stored(1), {}, { record, messages: [] })).toMatchObject({ ...stored(1), record })
  })

  it('is replaced by what was read later, and keeps messages that are the same', () => {
    const known = entry(50, 5, 3)
    expect(laterOf(undefined, known)).toBe(known)
    const [before, later] = [entry(49, 5, 1), entry(51, 5, 1)]
    expect(laterOf(known, before)).toBeUndefined()
    expect(laterOf(known, later)).toMatchObject({ ...later, messages: known.messages })
    expect(laterOf(known, entry(51, 5, 4))!.messages).toHaveLength(4)
    // After a failover there may be fewer changes.
    expect(laterOf(known, entry(51, 4, 1))).toEqual(entry(51, 4, 1))
    expect(laterOf(known, entry(49, 6, 1))).toEqual(entry(49, 6, 1))
    expect(laterOf(known, entry(49, 4, 1))).toBeUndefined()
    expect(laterOf(known, entry(50, 5, 1))).toMatchObject({ ...entry(50, 5, 1), messages: known.messages })
    const another = entry(49, 9, 1, 'j')
    expect(laterOf(known, another)).toBeUndefined()
    expect(laterOf(known, { ...another, checkedAt: 50 })).toEqual({ ...another, checkedAt: 50 })
  })
})

describe('calls that are under way', () => {
  it('are joined by those that need no more, and age with a change', async () => {
    const flights = new Flights<string>()
    let land = (): void => {}
    const begin = (key: string, tail: number, mayBeMs: number, topic = 1) =>
      flights.begin(
        key,
        { topic, tail, mayBeMs },
        () => new Promise((resolve) => (land = () => resolve('x'))),
      )
    const one = begin('a', 3, 100)
    expect(one).toMatchObject({ topic: 1, tail: 3, sentAt: now, notBefore: now - 100, isOld: false })
    const joinable = (tail: number, since: number, key = 'a') => flights.joinable(key, tail, since)
    expect([joinable(3, now - 100), joinable(4, 0), joinable(0, now - 99), joinable(0, 0, 'b')]).toEqual([
      one,
      undefined,
      undefined,
      undefined,
    ])
    const two = begin('a', 9, 0, 2)
    expect(joinable(9, now)).toBe(two)
    flights.ageTopics(new Set([1]))
    expect([one.isOld, two.isOld, joinable(0, 0)]).toEqual([true, false, two])
    flights.age('a')
    flights.age('nobody')
    expect([two.isOld, joinable(0, 0)]).toEqual([true, undefined])
    const three = begin('a', 0, 0)
    land()
    await three.answer
    await Promise.resolve()
    expect(joinable(0, 0)).toBeUndefined()
  })

  it('are over also when they fail', async () => {
    const flights = new Flights<string>()
    const failing = flights.begin('a', { topic: 1, tail: 0, mayBeMs: 0 }, () =>
      Promise.reject(new Error('x')),
    )
    await expect(failing.answer).rejects.toThrow('x')
    expect(flights.joinable('a', 0, 0)).toBeUndefined()
  })
})

describe('floors', () => {
  const floors = (most = 10) => new Floors(1000, most)

  it('allow copies with the changes that are known, or that were read after them', () => {
    const one = floors()
    const allows = (checkedAt: number, changes: number, incarnation = 'i') =>
      one.allows('a', 1, entry(checkedAt, changes, 0, incarnation))
    expect(allows(0, 0)).toBe(true)
    one.raise('a', 'i', 5)
    expect([allows(now - 1, 5), allows(now - 1, 6), allows(now - 1, 4), allows(now, 4)]).toEqual([
      true,
      true,
      false,
      true,
    ])
    expect(allows(now - 1, 9, 'j')).toBe(false)
    // What says less than is known, changes nothing; of another incarnation, or without a count, it does.
    now += 10
    one.raise('a', 'i', 4)
    one.raise('a', 'i', 5)
    expect([allows(now - 11, 5), allows(now - 10, 1)]).toEqual([true, true])
    one.raise('a')
    expect([allows(now - 1, 9), allows(now, 1)]).toEqual([false, true])
    one.raise('a', 'i', 9)
    expect([allows(now - 1, 9), allows(now, 9)]).toEqual([false, true])
    now += 5
    one.raise('a', 'i', 10)
    expect([allows(now - 1, 10), allows(now - 6, 10)]).toEqual([true, false])
    one.raise('a', 'j', 1)
    expect([allows(now - 1, 1, 'j'), allows(now - 1, 11)]).toEqual([true, false])
    expect(one.allows('b', 1, entry(0, 0))).toBe(true)
  })

  it('of topics are for all their sessions', () => {
    const one = floors()
    one.raiseTopics([3, 4])
    expect([3, 4, 5].map((topic) => one.allows('a', topic, entry(now - 1, 9)))).toEqual([false, false, true])
    expect(one.allows('a', 3, entry(now, 0))).toBe(true)
  })

  it('are forgotten when no copy can be as old, and too many count for all', () => {
    const one = floors(2)
    one.raise('a', 'i', 9)
    now += 999
    one.raise('b', 'i', 9)
    one.raise('c', 'i', 9)
    expect(['a', 'b', 'c', 'x'].map((key) => one.allows(key, 1, entry(now - 1, 99)))).toEqual([
      false,
      false,
      false,
      false,
    ])
    expect(one.allows('x', 1, entry(now, 0))).toBe(true)
    const two = floors(2)
    two.raise('a', 'i', 9)
    now += 1000
    two.raise('b', 'i', 9)
    two.raise('c', 'i', 9)
    expect([
      two.allows('a', 1, entry(0, 0)),
      two.allows('b', 1, entry(0, 9)),
      two.allows('c', 1, entry(0, 8)),
    ]).toEqual([true, true, false])
    // A floor that is raised again is as young as its last time.
    const three = floors(2)
    three.raise('a', 'i', 1)
    now += 500
    three.raise('b', 'i', 1)
    three.raise('a', 'i', 2)
    now += 500
    three.raise('c', 'i', 1)
    expect(three.allows('a', 1, entry(0, 1))).toBe(false)
  })
})
