import { SessionError } from '@sessions/core/store'
import type { Connection } from './connection.js'

/** The work of one transaction, at the moment `now` of the file's clock, in steps of a few milliseconds at most. */
export type Steps<T> = (connection: Connection, now: number) => Iterator<void, T>

// After so much time others in the process have their turn.
const sliceMs = 5

// Taken at import: a test of the application may replace them by a clock that stands still.
const clock = performance.now.bind(performance)
const afterThisTurn = setImmediate

// SQLite takes about as long for a short message as for so much text.
const messageLength = 512
// SQLite takes in so much text within a few milliseconds.
const maxLength = 256 * 1024

/** Whether it holds the event loop for long to store all of it at once. */
export function isLong(messages: readonly { readonly payload: string }[], body = ''): boolean {
  const length = messages.reduce((sum, { payload }) => sum + messageLength + payload.length, body.length)
  return length > maxLength
}

/** Lets others in the process have their turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void afterThisTurn(resolve))

/** Takes all steps at once. */
export function atOnce<T>(steps: Iterator<void, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/**
 * Takes the steps one by one, and lets the event loop go on every few milliseconds, also after the last of them.
 *
 * @throws `unavailable` when they are not done by `until`, by `performance.now()`.
 */
export async function oneByOne<T>(until: number, steps: Iterator<void, T>): Promise<T> {
  for (;;) {
    await nextTurn()
    const end = clock() + sliceMs
    do {
      const step = steps.next()
      if (step.done !== true) continue
      await nextTurn()
      return step.value
    } while (clock() < end)
    if (performance.now() >= until) {
      throw new SessionError('unavailable', 'the write took too long: nothing was done')
    }
  }
}
