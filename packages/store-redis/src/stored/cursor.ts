import { createListCursors, type ListPlace } from '@sessions/core/store'
import { toToken } from './encoding.js'
import type { IndexPlace } from './index-entry.js'

const cursors = createListCursors('redis 1')

export function toCursor({ score, member }: IndexPlace): string {
  return cursors.toCursor({ activeAt: -score, id: member })
}

/** The place in an index that comes before every session after `place`, and after every other session. */
export function toPlace({ activeAt, id }: ListPlace): IndexPlace {
  // The member of a session has a space after its id. `!` sorts right after the space, and before every character
  // of a token.
  return { score: -activeAt, member: `${toToken(id)}!` }
}

/** Where an earlier page ended. @throws `invalid` for a text that `toCursor` did not make. */
export function parseCursor(cursor: string): IndexPlace {
  const { activeAt, id } = cursors.parseCursor(cursor)
  return { score: -activeAt, member: id }
}
