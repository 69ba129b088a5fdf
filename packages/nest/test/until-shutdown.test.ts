import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { untilShutdown } from '../src/until-shutdown.js'

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
