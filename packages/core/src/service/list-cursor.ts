import { SessionError } from '../errors.js'
import type { Service } from './service.js'
import type { SessionQuery } from '../contract/session-store.js'
import { isSameText } from '../digest.js'

// 132 bits of the signature, followed by the store's cursor.
const sealLength = 22

type Listed = Pick<SessionQuery, 'tenantId' | 'userId' | 'label'>

/** The cursor of a page, for callers: valid for its own list, and for no other. */
export async function toListCursor(service: Service, listed: Listed, cursor: string): Promise<string> {
  const [seal] = await sealsOf(service, listed, cursor)
  return seal! + cursor
}

/** The store's cursor. @throws `invalid` for a cursor that this service did not sign for this list. */
export async function parseListCursor(service: Service, listed: Listed, text: string): Promise<string> {
  const cursor = text.slice(sealLength)
  const seals = await sealsOf(service, listed, cursor)
  if (seals.some((seal) => isSameText(seal, text.slice(0, sealLength)))) return cursor
  throw foreignCursor()
}

export function foreignCursor(): SessionError {
  return new SessionError('invalid', 'cursor does not belong to this list', { path: 'cursor' })
}

async function sealsOf(
  { credentials }: Service,
  { tenantId, userId, label }: Listed,
  cursor: string,
): Promise<string[]> {
  // As JSON, in which an absent user or label differs from every present one.
  const listed = JSON.stringify([tenantId, userId ?? null, label ?? null])
  const digests = await credentials.digests('list cursor', listed, cursor)
  return digests.map((digest) => digest.slice(0, sealLength))
}
