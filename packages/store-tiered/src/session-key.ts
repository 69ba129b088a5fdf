import type { SessionRef } from '@sessions/core/store'

/** A session as one text. */
export function keyOf({ tenantId, id }: SessionRef): string {
  return JSON.stringify([tenantId, id])
}

/** True for a record of the library's own: nobody watches it, or reads it where it may be old. */
export function isReserved({ tenantId }: Pick<SessionRef, 'tenantId'>): boolean {
  return tenantId.startsWith('~')
}
