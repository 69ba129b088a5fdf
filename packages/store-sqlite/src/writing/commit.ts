import { encodeText, type NewMessage, type SessionChange, type SessionRef } from '@sessions/core/store'

/** A change on its way. It is a copy, because the caller may go on to alter the original. */
export interface Commit {
  readonly ref: SessionRef
  readonly change: SessionChange & { readonly messages: readonly NewMessage[] }
  /** The names as the database has them. */
  readonly tenant: string
  readonly id: string
}

export function toCommit({ tenantId, id }: SessionRef, change: SessionChange): Commit {
  const messages = (change.messages ?? []).map(({ id, payload }): NewMessage => ({ id, payload }))
  const { lifetime } = change
  return {
    ref: { tenantId, id },
    change: { ...change, messages, ...(lifetime === undefined ? {} : { lifetime: { ...lifetime } }) },
    tenant: encodeText(tenantId),
    id: encodeText(id),
  }
}

/** A message as the database takes it. */
export interface Stored extends NewMessage {
  /** How many bytes of UTF-8 the payload takes. */
  readonly bytes: number
}

/** The messages in their order, a step each. */
export function* toStored(messages: readonly NewMessage[]): Generator<void, Stored[]> {
  const stored: Stored[] = []
  for (const { id, payload } of messages) {
    const text = encodeText(payload)
    stored.push({ id: encodeText(id), payload: text, bytes: Buffer.byteLength(text) })
    yield
  }
  return stored
}
