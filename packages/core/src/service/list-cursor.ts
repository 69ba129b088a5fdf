import { SessionError } from '../errors.js'
import type { Service } from './service.js'
import type { SessionQuery } from '../contract/session-store.js'
import { isSameText } from '../digest.js'

// 132 bits of the signature, followed by the store's cursor.
const sealLength = 22

type Listed = Pick<SessionQuery, 'tenantId' | 'userId' | 'label'>

/** The cursor of a page, for callers: valid for its own list, and for no other. */
export async function toListCursor(service: Service, listed: Listed, cursor: string): Promise<string> {
  return sealCursor(service, sealedBy(listed), cursor)
}

/** The store's cursor. @throws `invalid` for a cursor that this service did not sign for this list. */
export async function parseListCursor(service: Service, listed: Listed, text: string): Promise<string> {
  return openCursor(service, sealedBy(listed), text)
}

/** What a list is: its kind, and all that chooses what is in it. */
export type ListSeal = readonly [kind: string, chosen: string]

/** A cursor that its caller cannot change, nor use for another list. */
export async function sealCursor(
  { credentials }: Service,
  [kind, chosen]: ListSeal,
  cursor: string,
): Promise<string> {
  const [digest] = await credentials.digests(kind, chosen, cursor)
  return digest!.slice(0, sealLength) + cursor
}

/** What was sealed. @throws `invalid` for a text that this service did not seal for this list. */
export async function openCursor(
  { credentials }: Service,
  [kind, chosen]: ListSeal,
  text: string,
): Promise<string> {
  const cursor = text.slice(sealLength)
  const seal = text.slice(0, sealLength)
  const digests = await credentials.digests(kind, chosen, cursor)
  if (digests.some((digest) => isSameText(digest.slice(0, sealLength), seal))) return cursor
  throw foreignCursor()
}

export function foreignCursor(): SessionError {
  return new SessionError('invalid', 'cursor does not belong to this list', { path: 'cursor' })
}

function sealedBy({ tenantId, userId, label }: Listed): ListSeal {
  // As JSON, in which an absent user or label differs from every present one.
  return ['list cursor', JSON.stringify([tenantId, userId ?? null, label ?? null])]
}
