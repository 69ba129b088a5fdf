import { createListCursors } from '@sessions/core/store'
import type { IndexPlace } from './index-entry.js'

const cursors = createListCursors('redis 1')

export function toCursor({ score, member }: IndexPlace): string {
  return cursors.toCursor({ activeAt: -score, id: member })
}

/** Where an earlier page ended. @throws `invalid` for what no `toCursor` made. */
export function parseCursor(cursor: string): IndexPlace {
  const { activeAt, id } = cursors.parseCursor(cursor)
  return { score: -activeAt, member: id }
}
