import type { Message } from '../domain/message.js'
import { textOf } from '../domain/message.js'
import type { Fact } from '../domain/session-body.js'
import { factsBlock } from './blocks.js'
import { hashOf } from '../hash.js'
import type { ContextStrategy } from './strategy.js'

/** The facts, oldest first; when they do not all fit, the newest. */
export function facts(): ContextStrategy {
  return {
    name: 'facts',
    needs: () => ({ facts: true }),
    choose({ facts: known, room, countTokens }) {
      const merged = mergeFacts([], known)
      // Finds how many to leave out by halving: each try counts the whole block.
      let low = 0
      let high = merged.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (countTokens(factsBlock(merged.slice(middle))) <= room) high = middle
        else low = middle + 1
      }
      return { facts: merged.slice(low) }
    },
  }
}

/**
 * `known` with `added`: a newer fact replaces an older one on the same subject, and no text stands twice. Oldest
 * first. A fact that the user states again counts as new, so it stays longer than facts stated once.
 */
export function mergeFacts(known: readonly Fact[], added: readonly Fact[]): Fact[] {
  const merged = new Map<string, { fact: Fact; said: string }>()
  const keyOfText = new Map<string, string>()
  for (const fact of [...known, ...added]) {
    const said = folded(fact.text)
    const key = fact.subject === undefined ? `text ${said}` : `subject ${folded(fact.subject)}`
    for (const replaced of [keyOfText.get(said), key]) {
      const other = replaced === undefined ? undefined : merged.get(replaced)
      if (other === undefined) continue
      merged.delete(replaced!)
      keyOfText.delete(other.said)
    }
    merged.set(key, { fact, said })
    keyOfText.set(said, key)
  }
  return Array.from(merged.values(), ({ fact }) => fact)
}

// Sentences in which people describe themselves. `$1` and so on are the captured words.
const rules: readonly { pattern: RegExp; subject: string; text: string }[] = [
  { pattern: /\bmy name is ([\p{L}' -]{2,40})/iu, subject: 'name', text: 'The user is called $1' },
  { pattern: /\bcall me ([\p{L}' -]{2,40})/iu, subject: 'name', text: 'The user is called $1' },
  {
    pattern: /\bi(?:'m| am) allergic to ([^.!?\n]{2,80})/iu,
    subject: 'allergy $1',
    text: 'The user is allergic to $1',
  },
  { pattern: /\bi live in ([^.!?\n]{2,60})/iu, subject: 'home', text: 'The user lives in $1' },
  { pattern: /\bi(?:'m| am) from ([^.!?\n]{2,60})/iu, subject: 'origin', text: 'The user is from $1' },
  { pattern: /\bi work (?:as|at|for|in) ([^.!?\n]{2,80})/iu, subject: 'work', text: 'The user works: $&' },
  { pattern: /\bmy budget is ([^.!?\n]{1,60})/iu, subject: 'budget', text: "The user's budget is $1" },
  {
    pattern: /\bmy ([\p{L} ]{2,30}?) (?:is|are) called ([^.!?\n]{2,60})/iu,
    subject: '$1',
    text: "The user's $1: $2",
  },
  { pattern: /\bi prefer ([^.!?\n]{2,80})/iu, subject: 'prefers $1', text: 'The user prefers $1' },
  {
    pattern: /\bi (?:hate|can't stand) ([^.!?\n]{2,80})/iu,
    subject: 'dislikes $1',
    text: 'The user dislikes $1',
  },
  { pattern: /\b(?:please )?remember(?: that)?:? ([^.!?\n]{4,200})/iu, subject: '', text: '$1' },
]

// A message with more matches than this quotes something.
const mostText = 8192

/**
 * Facts that the user states in `message`, by simple English rules: name, home, work, allergies, budget, likes, and
 * requests to remember something, in the first 8,192 characters. With a model, pass your own function instead.
 */
export function extractFacts(message: Message): Fact[] {
  if (message.role !== 'user' || message.status === 'corrupt') return []
  const said = textOf(message).slice(0, mostText)
  const found: Fact[] = []
  for (const { pattern, subject, text } of rules) {
    const match = pattern.exec(said)
    if (match === null) continue
    const about = filled(subject, match)
    const fact = filled(text, match)
    found.push({
      id: `fact-${message.seq}-${hashOf([fact]).slice(0, 8)}`,
      text: fact,
      ...(about === '' ? {} : { subject: about }),
      seq: message.seq,
      at: message.at,
    })
  }
  return mergeFacts([], found)
}

function filled(template: string, match: RegExpExecArray): string {
  return template
    .replace(/\$(\d|&)/g, (_, which: string) => (which === '&' ? match[0] : (match[Number(which)] ?? '')))
    .trim()
}

// Signs that tell one thing from another stay: `C#` is not `C`, and 5% are not 5.
const gaps = /(?:\s|(?![#%&*@])\p{P})+/gu

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(gaps, ' ').trim()
}
