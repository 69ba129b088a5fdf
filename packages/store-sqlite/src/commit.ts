import { type NewMessage, type SessionChange, type SessionRef } from '@sessions/core/store'
import { encodeText } from './text.js'

/** A change on its way, as the database takes it. It is a copy, because the caller may go on to alter the original. */
export interface Commit {
  readonly ref: SessionRef
  readonly change: SessionChange & { readonly messages: readonly NewMessage[] }
  readonly tenant: string
  readonly id: string
  /** In the order of the change. */
  readonly stored: readonly NewMessage[]
}

export function toCommit({ tenantId, id }: SessionRef, change: SessionChange): Commit {
  const messages = (change.messages ?? []).map(({ id, payload }): NewMessage => ({ id, payload }))
  return {
    ref: { tenantId, id },
    change: { ...change, messages },
    tenant: encodeText(tenantId),
    id: encodeText(id),
    stored: messages.map(({ id, payload }) => ({ id: encodeText(id), payload: encodeText(payload) })),
  }
}
