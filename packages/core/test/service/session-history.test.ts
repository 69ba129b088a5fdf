import { expect, it } from 'vitest'
import { createSessions, memoryStore, type Message, textOf } from '../../src/index.js'
import type { MessageQuery, SessionStore } from '../../src/store.js'
import type { ClosedRange } from '../../src/domain/path-ranges.js'
import { bytesOfMessage } from '../../src/service/message-bytes.js'
import { PageReader } from '../../src/service/read-pages.js'
import { SessionHistory, type SessionHistoryOptions } from '../../src/service/session-history.js'
import { alice } from '../service.js'

const ref = { tenantId: 'acme', id: 's' }
const seqsOf = (messages: readonly Message[]) => messages.map(({ seq }) => seq)
const upTo = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, n) => from + n)
const range = (from: number, to: number): ClosedRange => ({ from, to })

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = []
  for await (const message of messages) taken.push(message)
  return taken
}

/**
 * A session whose messages have the roles that the letters name, and what is kept of it: with what the store was asked
 * for, and which messages it gave.
 */
async function place(roles: string, options: Partial<SessionHistoryOptions> = {}) {
  const store = memoryStore()
  const session = await createSessions({ store }).for(alice).open('s')
  const names = { s: 'system', u: 'user', a: 'assistant' } as const
  const add = async (letters: string) => {
    const messages = [...letters].map((letter, n) => ({
      role: names[letter as keyof typeof names],
      content: `text ${n} of ${letter}`,
    }))
    return session.append(messages)
  }
  await add(roles)
  const asked: string[] = []
  const given: number[] = []
  const noted: SessionStore = {
    ...store,
    async messages(of, query: MessageQuery) {
      asked.push(`${query.order} ${query.after! + 1}-${query.before! - 1} ${query.limit}`)
      const page = await store.messages(of, query)
      given.push(...page.messages.map(({ seq }) => seq))
      return page
    },
  }
  const told: unknown[] = []
  const history = new SessionHistory(new PageReader(noted, ref), {
    maxBytes: 1e7,
    onEmbedFailure: (cause) => told.push(cause),
    onIndexFull: () => told.push('full'),
    ...options,
  })
  const { messages } = await session.history({ limit: 1000 })
  return { history, store, add, messages, told, asked: () => asked.splice(0), given: () => given.splice(0) }
}

it('gives the messages of some ranges in both directions, and reads what it has not got', async () => {
  const { history, messages, given } = await place('ua'.repeat(15))
  const known = [1, 2, 5, 9, 10, 11, 20, 30]
  history.take(messages.filter(({ seq }) => known.includes(seq)))
  for (const ranges of [
    [],
    [range(1, 30)],
    [range(1, 1)],
    [range(3, 3)],
    [range(2, 5), range(9, 12), range(29, 30)],
    [range(10, 11)],
  ]) {
    const wanted = ranges.flatMap(({ from, to }) => upTo(to, from))
    const missing = wanted.filter((seq) => !known.includes(seq))
    expect(seqsOf(await all(history.backwards(ranges, () => 1)))).toEqual(wanted.toReversed())
    expect(given()).toEqual(missing.toReversed())
  }
  const forwards = await all(history.forwards([range(2, 12), range(19, 30)]))
  expect(seqsOf(forwards)).toEqual([...upTo(12, 2), ...upTo(30, 19)])
  expect(given()).toEqual([...upTo(12, 2), ...upTo(30, 19)].filter((seq) => !known.includes(seq)))
  expect(forwards.every((message) => textOf(message) === textOf(messages[message.seq - 1]!))).toBe(true)
  // What it has read, it keeps.
  await all(history.forwards([range(2, 12), range(19, 30)]))
  expect(given()).toEqual([])
})

it('goes on behind messages that were trimmed meanwhile', async () => {
  const { history, store } = await place('ua'.repeat(5))
  await store.trim(ref, 4)
  const ranges = [range(1, 3), range(4, 7), range(9, 10)]
  expect(seqsOf(await all(history.forwards(ranges)))).toEqual([5, 6, 7, 9, 10])
  expect(seqsOf(await all(history.backwards(ranges, () => 9)))).toEqual([10, 9, 7, 6, 5])
  expect(await history.leading([range(1, 3)])).toEqual([])
})

it('knows the newest message of a user on a path, and looks at none twice', async () => {
  const { history, add, given } = await place('uauaaaa')
  const whole = (to: number) => [range(1, to)]
  expect(seqsOf(await history.latestUser(whole(7), 8))).toEqual([3])
  expect(given()).toEqual(expect.arrayContaining([3]))
  expect(seqsOf(await history.latestUser(whole(7), 8))).toEqual([3])
  expect(given()).toEqual([])
  await add('aa')
  expect(seqsOf(await history.latestUser(whole(9), 10))).toEqual([3])
  expect(given()).toEqual([9, 8])
  await add('ua')
  expect(seqsOf(await history.latestUser(whole(11)))).toEqual([10])
  // A branch that left the path before, and one that goes on from an older part.
  expect(seqsOf(await history.latestUser([range(1, 2), range(4, 9)]))).toEqual([1])
  expect(seqsOf(await history.latestUser([range(1, 3), range(4, 9)]))).toEqual([3])
  expect(seqsOf(await history.latestUser([range(4, 9)]))).toEqual([])
  expect(seqsOf(await history.latestUser(whole(11), 10))).toEqual([3])
})

it('knows the instructions at the beginning of a log, and reads them once', async () => {
  const { history, given } = await place('ssusa')
  expect(seqsOf(await history.leading([range(1, 5)]))).toEqual([1, 2])
  expect(given()).toEqual([1, 2, 3])
  expect(seqsOf(await history.leading([range(1, 1), range(4, 5)]))).toEqual([1, 4])
  expect(seqsOf(await history.leading([range(2, 5)]))).toEqual([2])
  expect(seqsOf(await history.leading([range(3, 5)]))).toEqual([])
  expect(given()).toEqual([4, 5])
  const long = await place('s'.repeat(102))
  expect(seqsOf(await long.history.leading([range(1, 102)]))).toEqual(upTo(100))
})

it('reads messages that are close together in one call, and none that it has', async () => {
  const { history, asked, messages } = await place('ua'.repeat(20))
  history.take([messages[29]!])
  await history.fetch([1, 2, 5, 9, 10, 15, 30, 31])
  expect(asked()).toEqual(['asc 1-10 10', 'asc 15-15 1', 'asc 31-31 1'])
  for (const seq of [1, 2, 5, 9, 10, 15, 30, 31]) expect(history.get(seq)).toEqual(messages[seq - 1])
  expect(history.get(16)).toBeUndefined()
  await history.fetch([1, 15, 31])
  await history.fetch([])
  expect(asked()).toEqual([])
})

it('draws facts from each message once, and tells those of a path', async () => {
  const seen: number[] = []
  const extractFacts = ({ seq }: Message) => {
    seen.push(seq)
    return [{ id: `f${seq}`, text: `fact ${seq}`, at: seq }]
  }
  const { history } = await place('ua'.repeat(300), { extractFacts })
  await history.digest([range(3, 6), range(9, 9)])
  await history.digest([range(1, 10)])
  expect(seen).toEqual([3, 4, 5, 6, 9, 1, 2, 7, 8, 10])
  const texts = (ranges: readonly ClosedRange[]) => history.factsOn(ranges).map(({ text }) => text)
  expect(texts([range(2, 3), range(9, 9)]).toSorted()).toEqual(['fact 2', 'fact 3', 'fact 9'])
  expect(texts([])).toEqual([])
  expect([3, 10].map((seq) => history.index.has(seq))).toEqual([true, true])
  expect(history.index.has(11)).toBe(false)
  const before = history.bytes
  await history.digest([range(1, 600)])
  expect(seen.toSorted((a, b) => a - b)).toEqual(upTo(600))
  // Of one session it keeps the newest.
  expect(texts([range(1, 600)])).toHaveLength(500)
  expect(texts([range(101, 600)])).toEqual(upTo(600, 101).map((seq) => `fact ${seq}`))
  expect(history.bytes).toBeGreaterThan(before)
})

it('asks for vectors in batches, and again for those that could not be made', async () => {
  const batches: string[][] = []
  let isDown = true
  const embed = async (texts: readonly string[]) => {
    batches.push([...texts])
    if (isDown) throw new RangeError('down')
    return texts.map((text) => [text.length, 1])
  }
  const { history, told } = await place('u'.repeat(300), { embed })
  const lengths = () => batches.splice(0).map(({ length }) => length)
  const without = () => upTo(300).filter((seq) => !history.index.hasVector(seq)).length
  await history.digest([range(1, 60)])
  expect(lengths()).toEqual([60, 60])
  expect([told.splice(0), without()]).toEqual([[new RangeError('down'), new RangeError('down')], 300])
  isDown = false
  await history.digest([range(1, 60)])
  expect([lengths(), without()]).toEqual([[60], 240])
  await history.digest([range(1, 60)])
  expect(lengths()).toEqual([])
  isDown = true
  await all(history.forwards([range(1, 300)]))
  await history.digest([range(1, 300)])
  expect(lengths()).toEqual([128, 112, 128])
  isDown = false
  await history.digest([range(1, 300)])
  expect([lengths(), without()]).toEqual([[128], 112])
  await history.digest([range(1, 300)])
  expect([lengths(), without()]).toEqual([[112], 0])
  expect(told).toHaveLength(3)
})

it('says once that the index is full, and asks for no more vectors then', async () => {
  let calls = 0
  const embed = async (texts: readonly string[]) => {
    calls++
    return texts.map(() => [1, 0])
  }
  const { history, told } = await place('ua'.repeat(30), { embed, maxBytes: 1 })
  await history.digest([range(1, 20)])
  await history.digest([range(1, 60)])
  expect([told, calls]).toEqual([['full'], 0])
  expect([history.index.has(1), history.index.has(2), history.index.has(60)]).toEqual([true, false, false])
})

it('finds what must be kept on a path, and looks at each message once for one function', async () => {
  const { history, asked } = await place('uaasuuas')
  const isUser = ({ role }: Message) => role === 'user'
  expect(await history.keptBy([range(5, 6)], isUser)).toEqual([5, 6])
  asked()
  expect(await history.keptBy([range(1, 8)], isUser)).toEqual([1, 5, 6])
  expect(asked()).toHaveLength(2)
  expect(await history.keptBy([range(1, 5)], isUser)).toEqual([1, 5])
  expect(await history.keptBy([range(2, 4), range(6, 6)], isUser)).toEqual([6])
  expect(await history.keptBy([], isUser)).toEqual([])
  expect(asked()).toEqual([])
  expect(await history.keptBy([range(1, 8)], ({ role }) => role === 'system')).toEqual([4, 8])
})

it('counts what it holds, and drops the oldest texts first and those just used last', async () => {
  const { messages } = await place('ua'.repeat(5))
  const size = (seqs: readonly number[]) =>
    seqs.reduce((sum, seq) => sum + bytesOfMessage(messages[seq - 1]!) + 60, 0)
  const kept = async (room: readonly number[], used: readonly number[]) => {
    const { history } = await place('ua'.repeat(5), { maxBytes: 1500 + size(room) })
    expect(history.bytes).toBe(1500)
    history.take(messages.toReversed())
    history.take(messages)
    expect(history.bytes).toBe(1500 + size(upTo(10)))
    const steps = [...history.shrinking(used.map((seq) => messages[seq - 1]!))]
    const left = upTo(10).filter((seq) => history.get(seq) !== undefined)
    expect(history.bytes).toBe(1500 + size(left))
    return { left, steps: steps.length }
  }
  expect(await kept(upTo(10), [])).toEqual({ left: upTo(10), steps: 0 })
  expect((await kept(upTo(9), [])).left).toEqual(upTo(10, 2))
  expect((await kept(upTo(4), [1, 2])).left).toEqual([1, 2, 9, 10])
  expect((await kept([1], [2, 9])).left).toEqual([9])
  expect((await kept([], [2, 9])).left).toEqual([])
  const { history } = await place('u', { maxBytes: size([1, 2]) })
  for (const step of history.keeping(messages)) expect(step).toBeUndefined()
  expect(upTo(10).filter((seq) => history.get(seq) !== undefined)).toEqual([1, 2, 3])
})

it('does one piece of work at a time, in order, and the next also after one that failed', async () => {
  const { history } = await place('u')
  const done: string[] = []
  const work = (name: string) => async () => {
    done.push(`${name} begins`)
    await new Promise((resolve) => void setImmediate(resolve))
    done.push(`${name} ends`)
    if (name === 'a') throw new RangeError(name)
    return name
  }
  const both = await Promise.allSettled([history.exclusive(work('a')), history.exclusive(work('b'))])
  expect(both).toEqual([
    { status: 'rejected', reason: new RangeError('a') },
    { status: 'fulfilled', value: 'b' },
  ])
  expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})
