import { SessionError } from '@sessions/core/store'
import type { IndexPlace } from './index-entry.js'

const cursorPattern = /^r1 (-?\d+) ([!-~]* [0-9a-z]+)$/

export function toCursor({ score, member }: IndexPlace): string {
  return Buffer.from(`r1 ${score} ${member}`).toString('base64url')
}

/** Where an earlier page ended. Throws `invalid` for what no `toCursor` made. */
export function parseCursor(cursor: string): IndexPlace {
  const text = /^[A-Za-z0-9_-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url').toString('latin1') : ''
  const [, score, member] = cursorPattern.exec(text) ?? []
  if (member === undefined) {
    throw new SessionError('invalid', 'cursor is not one of this store', { path: 'cursor' })
  }
  return { score: Number(score), member }
}
