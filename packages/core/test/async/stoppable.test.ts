import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stoppable } from '../../src/async/stoppable.js'

const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)
beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => {
  process.off('unhandledRejection', note)
  expect(unhandled.splice(0)).toEqual([])
})

const immediately = () => new Promise<void>((resolve) => void setImmediate(resolve))
const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length

it('settles as the work does, and leaves nothing at the signal', async () => {
  const stop = new AbortController()
  expect(await stoppable(Promise.resolve('done'), stop.signal)).toBe('done')
  await expect(stoppable(Promise.reject(new RangeError('odd')), stop.signal)).rejects.toThrow(
    new RangeError('odd'),
  )
  expect(listeners(stop)).toBe(0)
  stop.abort()
  await immediately()
})

it('rejects as soon as the signal is aborted, and nobody hears of work that fails after it', async () => {
  const stop = new AbortController()
  let fail = (): void => {}
  const work = new Promise<never>((_, reject) => void (fail = () => reject(new RangeError('late'))))
  const stopped = stoppable(work, stop.signal)
  expect(listeners(stop)).toBe(1)
  stop.abort(new RangeError('a reason of the caller'))
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError', message: '' })
  fail()
  await immediately()
})

it('does not wait for work when the signal was aborted before, also when the work is done or fails', async () => {
  const signal = AbortSignal.abort()
  const aborted = { name: 'AbortError' }
  await expect(stoppable(new Promise(() => {}), signal)).rejects.toMatchObject(aborted)
  await expect(stoppable(Promise.resolve('done'), signal)).rejects.toMatchObject(aborted)
  await expect(stoppable(Promise.reject(new RangeError('odd')), signal)).rejects.toMatchObject(aborted)
  await immediately()
})
