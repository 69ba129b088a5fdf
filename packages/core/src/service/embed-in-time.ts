import type { Embed } from '../context/embed.js'
import { within } from '../async/within.js'

const embedMs = 30_000
// Of each `embed`, what calls it: whoever finds that it hangs spares the others.
const known = new WeakMap<Embed, Embed>()

/**
 * The application's `embed`, which may hang: the contexts of a session wait for each other. After a call that took too long
 * nobody calls it for as long again: a long history takes hundreds of calls, and each would wait.
 */
export function embedInTime(embed: Embed): Embed {
  const made = known.get(embed) ?? inTime(embed)
  known.set(embed, made)
  return made
}

function inTime(embed: Embed): Embed {
  const seconds = embedMs / 1000
  let restsUntil = 0
  return async (texts) => {
    if (performance.now() < restsUntil)
      throw new Error(`embed did not answer, and is not called for ${seconds} seconds`)
    const given = await within(
      embedMs,
      Promise.resolve(embed(texts)).then((vectors) => ({ vectors })),
    )
    if (given !== undefined) return given.vectors
    restsUntil = performance.now() + embedMs
    throw new Error(`embed took longer than ${seconds} seconds`)
  }
}
