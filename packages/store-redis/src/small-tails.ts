import { maxPageBytes } from '@sessions/core/store'

const maxKnown = 4096
// Of more messages at once another process may have made a great deal.
const maxCount = 64
// A character of JavaScript takes at most so many bytes in UTF-8.
const bytesPerCharacter = 3

interface Tail {
  /** How many of the newest messages are known. */
  readonly count: number
  /** At most so many bytes they are, as far as this process knows. */
  readonly bytes: number
}

/**
 * Which sessions have newest messages that are far from filling a page. To read them takes one plain command; a script
 * that counts their bytes takes ten times as long in the server, where everybody waits. What this process knows may be
 * old, so a reader looks at what came.
 */
export class SmallTails {
  readonly #known = new Map<string, Tail>()

  /** Takes note of messages that were read: the newest of a log, as many as were asked for or there are. */
  saw(log: string, count: number, elements: readonly unknown[]): void {
    this.#note(log, { count, bytes: bytesOf(elements) })
  }

  /** Takes note of a commit, whose texts may be among the newest messages from now on. */
  grew(log: string, texts: readonly string[]): void {
    const tail = this.#known.get(log)
    if (tail !== undefined) this.#note(log, { count: tail.count, bytes: tail.bytes + bytesOf(texts) })
  }

  forget(log: string): void {
    this.#known.delete(log)
  }

  /** Whether so many of the newest messages are known to be few bytes. */
  has(log: string, count: number): boolean {
    return count <= maxCount && (this.#known.get(log)?.count ?? 0) >= count
  }

  #note(log: string, tail: Tail): void {
    this.#known.delete(log)
    if (tail.bytes > maxPageBytes / 2) return
    this.#known.set(log, tail)
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!)
  }
}

/** Whether these elements may be more than a page may have. */
export function mayExceedPage(elements: readonly unknown[]): boolean {
  return bytesOf(elements) > maxPageBytes
}

function bytesOf(texts: readonly unknown[]): number {
  let length = 0
  for (const text of texts) if (typeof text === 'string') length += text.length
  return length * bytesPerCharacter
}
