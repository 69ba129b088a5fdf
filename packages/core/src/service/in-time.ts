import type { Embed } from '../context/embed.js'
import { within } from '../within.js'

const embedMs = 30_000
/** How long a call of the application's `redact` may take, in milliseconds. */
export const redactMs = 60_000

/** What the application gives for a call. @throws when it does not within so many milliseconds. */
export async function inTime<T>(name: string, ms: number, given: T | PromiseLike<T>): Promise<T> {
  const answer = await within(
    ms,
    Promise.resolve(given).then((value) => ({ value })),
  )
  if (answer === undefined) throw tooLate(name, ms)
  return answer.value
}

/**
 * The application's `embed`, which may hang: the contexts of a session wait for each other. After a call that took too long
 * nobody calls it for as long again: a long history takes hundreds of calls, and each would wait.
 */
export function embedInTime(embed: Embed | undefined): Embed | undefined {
  if (embed === undefined) return undefined
  let restsUntil = 0
  return async (texts) => {
    if (performance.now() < restsUntil)
      throw new Error(`embed did not answer, and is not called for ${embedMs / 1000} seconds`)
    const given = await within(
      embedMs,
      Promise.resolve(embed(texts)).then((vectors) => ({ vectors })),
    )
    if (given !== undefined) return given.vectors
    restsUntil = performance.now() + embedMs
    throw tooLate('embed', embedMs)
  }
}

function tooLate(name: string, ms: number): Error {
  return new Error(`${name} took longer than ${ms / 1000} seconds`)
}
