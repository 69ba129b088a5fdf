import type { SessionRecord, SessionRef } from '@sessions/core/store'
import { digest, fromToken, toToken } from './encoding.js'

/** Where a session stands in an index, or after which one a page begins. */
export interface IndexPlace {
  /** Ascending: the negated time of activity, or the deadline. */
  readonly score: number
  readonly member: string
}

/**
 * What stands for a session in the indexes of activity: its id, and a trace of its incarnation, so that what is done
 * about an earlier session never meets a new one. Members of one score are in order of id.
 */
export function toMember({ id, incarnation }: SessionRecord): string {
  return `${toToken(id)} ${trace(incarnation)}`
}

/** What stands for a session in the index of deadlines: enough to find its other entries when it is gone. */
export function toDueMember(record: SessionRecord): string {
  const { tenantId, id, incarnation, userId = '', label = '' } = record
  return [toToken(tenantId), toToken(id), trace(incarnation), toToken(userId), toToken(label)].join(' ')
}

export function parseMember(member: string): { id: string } {
  return { id: fromToken(member.slice(0, member.indexOf(' '))) }
}

/** An entry of the index of deadlines: the session, its names then, and what stood for it elsewhere. */
export interface DueEntry extends SessionRef {
  readonly userId?: string
  readonly label?: string
  readonly member: string
}

export function parseDueMember(text: string): DueEntry {
  const [tenantId = '', id = '', trace = '', userId = '', label = ''] = text.split(' ')
  return {
    tenantId: fromToken(tenantId),
    id: fromToken(id),
    ...(userId === '' ? {} : { userId: fromToken(userId) }),
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
