import { afterEach, expect, it, vi } from 'vitest'
import { eventStream } from '../../src/http/sse.js'
import { intervalsOf } from '../intervals-of.js'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A source that gives what it is told to, and what becomes of it. */
function source<T>(...given: readonly T[]) {
  const seen: string[] = []
  let asked = 0
  let fail: ((error: Error) => void) | undefined
  const iterator: AsyncIterator<T> = {
    next() {
      const value = given[asked++]
      seen.push('next')
      if (asked <= given.length) return Promise.resolve({ done: false, value: value! })
      return new Promise((_, reject) => (fail = reject))
    },
    return() {
      seen.push('return')
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return { events: { [Symbol.asyncIterator]: () => iterator }, seen, fail: (error: Error) => fail!(error) }
}

const options = (more: object = {}) => ({
  headers: new Headers({ 'x-own': 'yes' }),
  heartbeatMs: 1000,
  ...more,
})
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

it('is as the protocol has it, with names and without', async () => {
  const ends: string[] = []
  async function* events() {
    yield { data: { a: 'Grüße\n' } }
    yield { id: '7', event: 'part', data: {} }
  }
  const notes = { onEnd: () => ends.push('end'), onHangUp: () => ends.push('hung up') }
  const response = eventStream(events(), options(notes))
  expect([response.status, Object.fromEntries(response.headers)]).toEqual([
    200,
    {
      'x-own': 'yes',
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  ])
  expect(await response.text()).toBe(': \n\ndata: {"a":"Grüße\\n"}\n\nid: 7\nevent: part\ndata: {}\n\n')
  expect(ends).toEqual(['end'])
})

it('says that it lives while nothing happens, and only while somebody reads', async () => {
  vi.useFakeTimers()
  const intervals = intervalsOf('src/http/sse.ts')
  const { events } = source<{ data: object }>()
  const reader = eventStream(events, options()).body!.getReader()
  const read = async () => text((await reader.read()).value)
  expect(await read()).toBe(': \n\n')
  const next = read()
  await vi.advanceTimersByTimeAsync(999)
  let isHere = false
  void next.then(() => (isHere = true))
  await vi.advanceTimersByTimeAsync(0)
  expect(isHere).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await next).toBe(': \n\n')
  // What nobody takes does not pile up.
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await read()).toBe(': \n\n')
  const after = read()
  let isNext = false
  void after.then(() => (isNext = true))
  await vi.advanceTimersByTimeAsync(999)
  expect(isNext).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await after).toBe(': \n\n')
  expect(intervals()).toBe(1)
  await reader.cancel()
  expect(intervals()).toBe(0)
})

it('asks for no event before the last one was taken, and lets go of its source when a client hangs up', async () => {
  const ends: string[] = []
  const { events, seen } = source({ data: { n: 1 } }, { data: { n: 2 } }, { data: { n: 3 } })
  const notes = { onEnd: () => ends.push('end'), onHangUp: () => ends.push('hung up') }
  const reader = eventStream(events, options(notes)).body!.getReader()
  await reader.read()
  expect(text((await reader.read()).value)).toBe('data: {"n":1}\n\n')
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual(['next', 'next'])
  await reader.cancel()
  expect([ends, seen]).toEqual([
    ['end', 'hung up'],
    ['next', 'next', 'return'],
  ])
})

it('is cut off with its source, and ends once', async () => {
  const ends: string[] = []
  const { events, fail } = source<{ data: object }>()
  const reader = eventStream(events, options({ onEnd: () => ends.push('end') })).body!.getReader()
  await reader.read()
  const next = reader.read()
  fail(new Error('the store is away'))
  await expect(next).rejects.toThrow('the store is away')
  expect(ends).toEqual(['end'])
})
