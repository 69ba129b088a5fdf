import { createListCursors, type ListPlace } from '@sessions/core/store'
import { toToken } from './encoding.js'
import type { IndexPlace } from './index-entry.js'

const cursors = createListCursors('redis 1')

export function toCursor({ score, member }: IndexPlace): string {
  return cursors.toCursor({ activeAt: -score, id: member })
}

/** The place in an index that comes before every session after `place`, and after every other one. */
export function toPlace({ activeAt, id }: ListPlace): IndexPlace {
  // The member of a session goes on with a space, which comes before every sign of a token; so does this, after it.
  return { score: -activeAt, member: `${toToken(id)}!` }
}

/** Where an earlier page ended. @throws `invalid` for what no `toCursor` made. */
export function parseCursor(cursor: string): IndexPlace {
  const { activeAt, id } = cursors.parseCursor(cursor)
  return { score: -activeAt, member: id }
}
