import type { SessionRecord, SessionRef } from '@sessions/core/store'
import { digest, fromToken, toToken } from './encoding.js'
import { type IndexScope, userDigest } from './keys.js'

/** Where a session stands in an index, or the place after which a page begins. */
export interface IndexPlace {
  /** Ascending: the negated time of activity, or the deadline. */
  readonly score: number
  readonly member: string
}

type Names = Pick<SessionRecord, 'userId'>

/** A session as the indexes hold it. */
export interface IndexedSession extends IndexScope {
  readonly id: string
  readonly incarnation: string
  readonly activeAt: number
  readonly expiresAt?: number | undefined
}

/** The session of a record as the indexes hold it; an empty name counts as no name. */
export async function toIndexed(record: Omit<IndexedSession, 'user'> & Names): Promise<IndexedSession> {
  const { tenantId, id, incarnation, activeAt, expiresAt, userId = '', label = '' } = record
  const user = userId === '' ? undefined : await userDigest(userId)
  return { tenantId, id, incarnation, activeAt, expiresAt, user, label: label === '' ? undefined : label }
}

/**
 * The member of a session in the indexes of activity: its id, and a trace of its incarnation, so that a change for an
 * earlier session never meets a new one. Members of one score are in order of id.
 */
export function toMember({ id, incarnation }: Pick<IndexedSession, 'id' | 'incarnation'>): string {
  return `${toToken(id)} ${trace(incarnation)}`
}

/**
 * The member of a session in the index of deadlines. It tells enough to find the session's other entries when it is
 * gone.
 */
export function toDueMember(session: IndexedSession): string {
  const { tenantId, id, incarnation, user = '', label = '' } = session
  return [toToken(tenantId), toToken(id), trace(incarnation), user, toToken(label)].join(' ')
}

export function parseMember(member: string): { id: string } {
  return { id: fromToken(member.slice(0, member.indexOf(' '))) }
}

/** An entry of the index of deadlines: the session, its names then, and its member in the other indexes. */
export interface DueEntry extends SessionRef, IndexScope {
  readonly member: string
}

export function parseDueMember(text: string): DueEntry {
  const [tenantId = '', id = '', trace = '', user = '', label = ''] = text.split(' ')
  return {
    tenantId: fromToken(tenantId),
    id: fromToken(id),
    ...(user === '' ? {} : { user }),
    ...(label === '' ? {} : { label: fromToken(label) }),
    member: `${id} ${trace}`,
  }
}

/** Members and scores in turn, as `WITHSCORES` gives them to a script. */
export function toPlaces(reply: readonly unknown[]): IndexPlace[] {
  const places: IndexPlace[] = []
  for (let index = 0; index + 1 < reply.length; index += 2) {
    places.push({ member: String(reply[index]), score: Number(reply[index + 1]) })
  }
  return places
}

function trace(incarnation: string): string {
  return digest(incarnation).toString(36)
}
