import { expect, it } from 'vitest'
import { maxPageBytes } from '../../../src/contract/page-bytes.js'
import { fillPage } from '../../../src/contract/sealed/full-page.js'
import type { MessagePage, MessageQuery } from '../../../src/store.js'

const large = 'x'.repeat(maxPageBytes / 2)
const message = (seq: number, payload = 'x') => ({ seq, id: `m${seq}`, payload, at: 1 })

/** Fills a page from a log that gives as many messages as `each` says, and what it was asked. */
async function filled(
  query: MessageQuery,
  { length, each, payload = 'x' }: { length: number; each: number; payload?: string },
  trimmedAt = Infinity,
) {
  const asked: MessageQuery[] = []
  const pageOf = ({ order, after = 0, before = length + 1, limit }: MessageQuery): MessagePage => {
    const all = Array.from({ length }, (_, n) => message(n + 1, payload))
    const range = all.filter(({ seq }) => seq > after && seq < before)
    const sorted = order === 'desc' ? range.toReversed() : range
    const messages = asked.length >= trimmedAt ? [] : sorted.slice(0, Math.min(limit, each))
    return { messages, more: messages.length < sorted.length }
  }
  const first = pageOf(query)
  const page = await fillPage(first, query, async (rest) => (asked.push(rest), pageOf(rest)))
  return { seqs: page.messages.map(({ seq }) => seq), more: page.more, isJoined: page.isJoined, asked }
}

it('a page that holds what was asked for, or all that there is, is as the store gave it', async () => {
  expect(await filled({ limit: 2 }, { length: 5, each: 9 })).toEqual({
    seqs: [1, 2],
    more: true,
    isJoined: false,
    asked: [],
  })
  expect(await filled({ limit: 9 }, { length: 2, each: 9 })).toEqual({
    seqs: [1, 2],
    more: false,
    isJoined: false,
    asked: [],
  })
  expect(await filled({ limit: 9 }, { length: 0, each: 9 })).toEqual({
    seqs: [],
    more: false,
    isJoined: false,
    asked: [],
  })
})

it('a shorter one is filled with what follows, in both orders, up to what was asked for', async () => {
  expect(await filled({ limit: 3, after: 1 }, { length: 9, each: 1 })).toEqual({
    seqs: [2, 3, 4],
    more: true,
    isJoined: true,
    asked: [
      { limit: 2, after: 2 },
      { limit: 1, after: 3 },
    ],
  })
  expect(await filled({ limit: 9, order: 'desc', before: 4 }, { length: 9, each: 2 })).toEqual({
    seqs: [3, 2, 1],
    more: false,
    isJoined: true,
    asked: [{ limit: 7, order: 'desc', before: 2 }],
  })
  const { asked, seqs } = await filled({ limit: 2001 }, { length: 2001, each: 999 })
  expect([asked.map(({ limit }) => limit), seqs.length]).toEqual([[1000, 3], 2001])
})

it('one that was trimmed meanwhile ends there', async () => {
  expect(await filled({ limit: 9 }, { length: 9, each: 2 }, 1)).toMatchObject({
    seqs: [1, 2],
    more: false,
    isJoined: true,
  })
})

it('it is filled up to its bytes, and holds one message at least', async () => {
  const two = await filled({ limit: 9 }, { length: 9, each: 1, payload: large })
  expect(two).toMatchObject({ seqs: [1, 2], more: true, isJoined: true })
  expect(two.asked.map(({ after }) => after)).toEqual([1, 2])
  expect(await filled({ limit: 2 }, { length: 2, each: 1, payload: large })).toMatchObject({
    seqs: [1, 2],
    more: false,
  })
  // The last one that is there does not fit: there is more.
  expect(await filled({ limit: 3 }, { length: 3, each: 1, payload: large })).toMatchObject({
    seqs: [1, 2],
    more: true,
  })
  const huge = await filled({ limit: 9 }, { length: 2, each: 1, payload: `${large}${large}x` })
  expect(huge).toMatchObject({ seqs: [1], more: true, isJoined: false, asked: [] })
})
