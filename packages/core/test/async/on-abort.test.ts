import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSessions } from '../../src/index.js'
import { onAbort } from '../../src/async/on-abort.js'
import { alice, startGate } from '../service.js'

const warnings: string[] = []
const note = ({ name }: Error): void => void warnings.push(name)
beforeEach(() => void process.on('warning', note))
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  expect(warnings.splice(0)).toEqual([])
})

const many = Array.from({ length: 20 }, (_, n) => n)
const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length

it('calls all who hear a signal, but for those who let go, and leaves nothing at it', () => {
  const stop = new AbortController()
  const called: number[] = []
  const lettingGo = many.map((n) => onAbort(stop.signal, () => called.push(n)))
  expect(listeners(stop)).toBe(1)
  for (const letGo of lettingGo.slice(2)) letGo()
  lettingGo[2]!()
  stop.abort()
  expect(called).toEqual([0, 1])
  expect(listeners(stop)).toBe(0)
  for (const letGo of lettingGo) letGo()
  expect(listeners(stop)).toBe(0)
})

it('hears a signal again that all have let go of', () => {
  const stop = new AbortController()
  onAbort(stop.signal, () => {})()
  expect(listeners(stop)).toBe(0)
  const called: string[] = []
  onAbort(stop.signal, () => called.push('again'))
  stop.abort()
  expect(called).toEqual(['again'])
})

it('lets turns and watches at once have one signal, as that of a whole process', async () => {
  const stop = new AbortController()
  const { signal } = stop
  const mine = createSessions({ onWarning: () => {} }).for(alice)
  const all = await Promise.all(many.map(() => mine.create()))
  const begun = startGate()
  let running = 0
  const turns = all.map(
    async (session) =>
      session.turn(
        'Hi',
        async (turn) => {
          if (++running === many.length) begun.open()
          await new Promise((resolve) => turn.signal.addEventListener('abort', resolve))
          return 'no'
        },
        { signal },
      ).result,
  )
  const watches = all.map(async (session) => {
    let seen = 0
    for await (const _ of session.watch({ signal })) seen++
    return seen
  })
  await begun.opened
  stop.abort()
  expect((await Promise.all(turns)).map(({ status }) => status)).toEqual(many.map(() => 'aborted'))
  for (const seen of await Promise.all(watches)) expect(seen).toBeGreaterThan(0)
  expect(listeners(stop)).toBe(0)
})
