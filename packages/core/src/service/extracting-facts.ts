import type { Message } from '../domain/message.js'
import type { Fact } from '../domain/session-body.js'

type ExtractFacts = (message: Message) => readonly Fact[]

// As long as a fact that is remembered by hand.
const maxTextLength = 1000

/**
 * The application's function, whose failure costs the facts of a message and nothing else: it throws nothing, and gives
 * facts alone.
 *
 * @param onFailure Called with the cause each time.
 */
export function extractingFacts(
  extract: ExtractFacts | undefined,
  onFailure: (cause: unknown) => void,
): ExtractFacts | undefined {
  if (extract === undefined) return undefined
  return (message) => {
    try {
      const found: unknown = extract(message) ?? []
      // Facts are for the present context, so nobody can wait for them; a rejection would end the process.
      if (found instanceof Promise) found.catch(() => {})
      if (!Array.isArray(found)) throw new Error('extractFacts gave no list')
      const wrong = found.findIndex((fact) => !isFact(fact))
      if (wrong !== -1) throw new Error(`extractFacts gave no fact at [${wrong}]`)
      return found as Fact[]
    } catch (cause) {
      onFailure(cause)
      return []
    }
  }
}

function isFact(value: unknown): value is Fact {
  const { text, subject } = (value as Partial<Fact> | null | undefined) ?? {}
  return isTextOf(text, 1) && (subject === undefined || isTextOf(subject, 0))
}

function isTextOf(value: unknown, least: number): boolean {
  return typeof value === 'string' && value.length >= least && value.length <= maxTextLength
}
