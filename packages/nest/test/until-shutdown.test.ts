import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { isEndless, untilShutdown } from '../src/until-shutdown.js'

const bytes = new TextEncoder().encode('data')

/** An answer without an end, and what became of it. */
function endless() {
  const seen: unknown[] = []
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes),
    cancel: (reason) => void seen.push(reason),
  })
  return { answer: new Response(body), seen }
}

it('keeps nothing of streams that have ended before a shutdown', async () => {
  const { signal } = new AbortController()
  for (let count = 0; count < 20; count++) {
    const { answer, seen } = endless()
    const reader = untilShutdown(answer, signal).body!.getReader()
    expect((await reader.read()).value).toEqual(bytes)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await reader.cancel('gone')
    expect(seen).toEqual(['gone'])
  }
  expect(await untilShutdown(new Response('all'), signal).text()).toBe('all')
  const failing = new ReadableStream({ pull: () => Promise.reject(new Error('broken')) })
  await expect(untilShutdown(new Response(failing), signal).text()).rejects.toThrow('broken')
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

it.each(['before it is read', 'while a read waits', 'before it was made'])(
  'ends a stream at a shutdown: %s',
  async (when) => {
    const shutdown = new AbortController()
    const { answer, seen } = endless()
    if (when === 'before it was made') shutdown.abort()
    const reader = untilShutdown(answer, shutdown.signal).body!.getReader()
    if (when === 'while a read waits') await reader.read()
    const reading = reader.read()
    shutdown.abort()
    while (!(await reading).done && !(await reader.read()).done);
    expect(seen).toEqual([undefined])
    expect(getEventListeners(shutdown.signal, 'abort')).toEqual([])
  },
)

it('leaves the status and the headers of an answer as they are', () => {
  const headers = { 'content-type': 'text/event-stream', 'x-own': 'yes' }
  const made = untilShutdown(new Response('all', { status: 206, headers }), new AbortController().signal)
  expect([made.status, Object.fromEntries(made.headers)]).toEqual([206, headers])
})

it.each<[boolean, string, string, string | undefined, string | null]>([
  [true, 'GET', '/sessions/s/events', 'text/event-stream', ''],
  [true, 'GET', '/sessions/s/events?after=1', 'text/event-stream; charset=utf-8', ''],
  [false, 'GET', '/sessions/s/message', 'text/event-stream', ''],
  [false, 'POST', '/sessions/s/events', 'text/event-stream', ''],
  [false, 'GET', '/sessions/s/events', 'application/problem+json', ''],
  [false, 'GET', '/sessions/s/events', undefined, null],
  [false, 'GET', '/sessions/s/events', 'text/event-stream', null],
])('knows a stream that has no end: %s for %s %s of %s', (isOne, method, path, type, body) => {
  const answer = new Response(body, { headers: type === undefined ? {} : { 'content-type': type } })
  expect(isEndless(new Request(`http://localhost${path}`, { method }), answer)).toBe(isOne)
})
