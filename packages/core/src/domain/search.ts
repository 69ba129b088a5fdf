import type { SessionRecord } from '../contract/session-record.js'
import type { TermSeal } from '../contract/term-seal.js'
import type { Role } from './message.js'

/** What is searched for, and where. */
export interface SearchOptions {
  /**
   * The words that a message must all have, at most 500 characters. The last word may be the beginning of one, unless a
   * space follows it.
   */
  text: string
  /** Who has said it (default: `user` and `assistant`; of a search for sessions also their titles). */
  roles?: readonly Role[]
  /** Stored at this moment or later, epoch ms (default: at any time). */
  from?: number
  /** Stored before this moment, epoch ms (default: at any time). */
  to?: number
  /** In this session alone (default: in all of the caller). */
  sessionId?: string
  /** In the sessions of this user; for an admin alone (default: the caller's own; for an admin, those of all users). */
  userId?: string
  /** `new`: the newest first; `rank`: of the newest 1,000, those first that say most of it (default `new`). */
  order?: 'new' | 'rank'
  /** At most this many messages, or sessions, 1 to 100 (default 20). */
  limit?: number
  /** The cursor of an earlier page of the same search (default: the first page). */
  cursor?: string
}

/** Where a text has what was searched for. */
export interface SearchExcerpt {
  /** Some 200 characters around the first word that was found. */
  readonly text: string
  /** The words in it that were found: where each begins, and where it ends. */
  readonly marks: readonly (readonly [from: number, to: number])[]
}

/** A message that was found. */
export interface FoundMessage {
  /** Where it was said. */
  readonly sessionId: string
  /** Its id in that session. */
  readonly messageId: string
  /** Its place in the log. */
  readonly seq: number
  /** Who said it. */
  readonly role: Role
  /** When it was stored, epoch ms. */
  readonly at: number
  /** What is around the words. */
  readonly excerpt: SearchExcerpt
}

/** A session that was found: by what was said in it, by its title, or by both. */
export interface FoundSession {
  /** Its record. */
  readonly session: SessionRecord
  /** How many of its messages were found, of those that were looked at; 0 when only its title has the words. */
  readonly count: number
  /** The newest of them; by `rank` the one that says most. Absent when there is none. */
  readonly best?: FoundMessage
  /** Its title, when that has all of the words. */
  readonly title?: SearchExcerpt
}

/** Whose words an index has: those of somebody who said something, or those of a title. */
export type SearchedRole = Role | 'title'

/** A page of what was found. */
export interface SearchPage<Found> {
  /** There may be fewer than `limit`, even none, although a cursor says that there is more. */
  readonly items: readonly Found[]
  /** Where the next page begins; absent on the last one. */
  readonly cursor?: string
  /**
   * False when there may be messages that this search, with all its pages, does not find: the index is not yet made of
   * the sessions from before it, or only the newest messages were put in order.
   */
  readonly complete: boolean
}

/** What an index keeps of a message, or of the title of a session: no text, but terms. */
export interface SearchEntry {
  /** The session that it is in. */
  readonly sessionId: string
  /** Which session of this id: one may have been made anew. */
  readonly incarnation: string
  /** From 1; 0 for the title. */
  readonly seq: number
  /** When it was stored, epoch ms; for a title, when its session was created. A store that has lost writes gives a seq again. */
  readonly at: number
  /** The changes of its session by then: an entry never takes the place of one of the same moment with more. */
  readonly changes: number
  /** Who said it, or `title`. */
  readonly role: SearchedRole
  /** Stands for the user of the session, if it has one. */
  readonly user?: string | undefined
  /** When the session ends at the earliest, epoch ms; absent when it never does. */
  readonly expiresAt?: number | undefined
  /** Each term of it, and how often it has it. */
  readonly terms: readonly (readonly [term: string, count: number])[]
}

/** One word of a search: any of the terms, or, with a prefix, any term that begins with it. */
export interface SearchWord {
  /** What stands for the word: one of them is enough. */
  readonly terms: readonly string[]
  /** Or any term that begins so: the word may be unfinished. */
  readonly prefix?: string | undefined
}

/** A place in the order of an index: the newest first, then by session and seq, the greater first. */
export interface SearchPlace {
  /** When it was said, epoch ms by the clock of the store. */
  readonly at: number
  /** In which session. */
  readonly sessionId: string
  /** Its place in the log; 0 for a title. */
  readonly seq: number
}

/** A question to an index. */
export interface SearchQuestion {
  /** The tenant. */
  readonly tenantId: string
  /** Every one of them must be there; one at least. */
  readonly words: readonly SearchWord[]
  /** Only what these have said. */
  readonly roles: readonly SearchedRole[]
  /** Epoch ms, inclusive. */
  readonly from: number
  /** Epoch ms, exclusive. */
  readonly to: number
  /** What stands for the user (default: everybody). */
  readonly user?: string | undefined
  /** Only in this session (default: in any). */
  readonly sessionId?: string | undefined
  /** Only what comes after this place. */
  readonly after?: SearchPlace | undefined
  /** At most this many. */
  readonly limit: number
  /** Whether `score` is wanted. */
  readonly isRanked: boolean
}

/** What an index has found. */
export interface SearchPosting extends SearchPlace {
  /** Which session of this id. */
  readonly incarnation: string
  /** How much of it the message says, by what the message itself holds; 0 unless it was asked for. */
  readonly score: number
}

/** A session that an index has entries of. */
export interface SearchedSession {
  /** The session. */
  readonly sessionId: string
  /** Only of this one (default: of any that had the id). */
  readonly incarnation?: string | undefined
}

/**
 * Where terms of messages are kept, to be found. An index only proposes: whatever it says is read from the store before
 * a caller sees it.
 */
export interface SearchIndex {
  /**
   * Keeps entries, each in place of that of its session and seq, unless that is of the same incarnation and later, by `at` and
   * then `changes`. Earlier incarnations go. Settles when they can be found.
   */
  put(tenantId: string, entries: readonly SearchEntry[]): Promise<void>
  /** The newest first. */
  find(question: SearchQuestion): Promise<readonly SearchPosting[]>
  /** Says whose the entries of a session are from now on. */
  own(tenantId: string, session: SearchedSession, user: string | undefined): Promise<void>
  /** Removes the entries of a session, up to a seq (default: all). */
  drop(tenantId: string, session: SearchedSession, throughSeq?: number): Promise<void>
  /** Removes the entries of a user. @returns How many. */
  forget(tenantId: string, user: string): Promise<number>
  /** Up to `limit` sessions that may have ended before a moment, epoch ms. */
  ended(tenantId: string, before: number, limit: number): Promise<readonly SearchedSession[]>
  /** Says that a session does not end before a moment, epoch ms; without it never. */
  extend(tenantId: string, session: SearchedSession, expiresAt: number | undefined): Promise<void>
}

/** How sessions are searched. */
export interface SearchSettings {
  /** Where terms of messages are kept (default: nowhere; a search reads the messages, the last active session first). */
  index?: SearchIndex
  /** Seals the terms, as `sealedTerms` of `@sessions/core/sealed` does (default: the index has them as they are). */
  terms?: TermSeal
}
