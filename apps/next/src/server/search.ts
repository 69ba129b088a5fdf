import { isSessionError, type Message, type SessionRecord, type CallerSessions, textOf } from '@sessions/core'
import { identityOf } from './caller.ts'
import { chat } from './chat.ts'

// Older sessions are found by scrolling, because a search reads all sessions that it searches.
const maxSessions = 100
const maxMessages = 200
const maxFound = 20
const atOnce = 8
const snippetLength = 120

/** A session that matches the search. */
export interface Found {
  readonly id: string
  readonly title?: string
  readonly updatedAt: string
  /** Text of a message around the words; absent when only the title has them. */
  readonly snippet?: string
}

/** The guest's sessions with all the words in the title or in one message, the most active first. */
export async function searchSessions(guest: string, query: string): Promise<Found[]> {
  const words = wordsOf(query)
  if (words.length === 0) return []
  const mine = (await chat.sessions()).for(identityOf(guest))
  const { items } = await mine.list({ limit: maxSessions })
  const found: Found[] = []
  for (let start = 0; start < items.length && found.length < maxFound; start += atOnce) {
    const some = items.slice(start, start + atOnce).map(async (record) => look(mine, record, words))
    found.push(...(await Promise.all(some)).flatMap((one) => one ?? []))
  }
  return found.slice(0, maxFound)
}

async function look(
  mine: CallerSessions,
  record: SessionRecord,
  words: readonly string[],
): Promise<Found | undefined> {
  const { id, title, updatedAt } = record
  const snippet = snippetOf(await messagesOf(mine, id), words)
  if (snippet === undefined && !hasAll(title ?? '', words)) return undefined
  return {
    id,
    ...(title === undefined ? {} : { title }),
    updatedAt: new Date(updatedAt).toISOString(),
    ...(snippet === undefined ? {} : { snippet }),
  }
}

async function messagesOf(mine: CallerSessions, id: string): Promise<readonly Message[]> {
  try {
    return (await (await mine.get(id)).history({ limit: maxMessages })).messages
  } catch (error) {
    // Deleted during the search.
    if (isSessionError(error, 'not_found')) return []
    throw error
  }
}

function snippetOf(messages: readonly Message[], words: readonly string[]): string | undefined {
  const text = messages
    .filter(({ role }) => role === 'user' || role === 'assistant')
    .map((message) => textOf(message).replaceAll(/[\s*_`#]+/g, ' '))
    .findLast((said) => hasAll(said, words))
  if (text === undefined) return undefined
  const at = Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((place) => place >= 0))
  const from = Number.isFinite(at) ? Math.max(0, at - snippetLength / 3) : 0
  const piece = text.slice(from, from + snippetLength).trim()
  return `${from > 0 ? '…' : ''}${piece}${from + snippetLength < text.length ? '…' : ''}`
}

function hasAll(text: string, words: readonly string[]): boolean {
  const plain = fold(text)
  return words.every((word) => plain.includes(word))
}

function wordsOf(query: string): string[] {
  return fold(query).split(/\s+/).filter(Boolean).slice(0, 10)
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
