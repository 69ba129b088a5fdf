import { identityOf } from './caller.ts'
import { chat } from './chat.ts'

const pageLength = 20

/** A text, and where in it the words are that were searched for. */
export interface Marked {
  readonly text: string
  readonly marks: readonly (readonly [from: number, to: number])[]
}

/** A session that matches the search: its title has all of the words, or a message has them. */
export interface Found {
  readonly id: string
  readonly title?: string
  readonly updatedAt: string
  /** The title, when it has all of the words. */
  readonly marked?: Marked
  /** Text of the newest message that has them. */
  readonly snippet?: Marked
}

export interface FoundPage {
  readonly sessions: readonly Found[]
  /** Where the next page begins; there may be one although this page has nothing. */
  readonly cursor?: string
  /** False when there may be more than all pages show. */
  readonly complete: boolean
}

/** The guest's sessions with all the words in the title or in one message, a page of them. */
export async function searchSessions(guest: string, query: string, cursor?: string): Promise<FoundPage> {
  const mine = (await chat.sessions()).for(identityOf(guest))
  const options = { text: query, limit: pageLength, ...(cursor === undefined ? {} : { cursor }) }
  const { items, cursor: next, complete } = await mine.searchSessions(options)
  const sessions = items.map(({ session: { id, title, updatedAt }, best, title: marked }) => ({
    id,
    ...(title === undefined ? {} : { title }),
    updatedAt: new Date(updatedAt).toISOString(),
    ...(marked === undefined ? {} : { marked }),
    ...(best === undefined ? {} : { snippet: best.excerpt }),
  }))
  return { sessions, ...(next === undefined ? {} : { cursor: next }), complete }
}
