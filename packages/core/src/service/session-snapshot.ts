import type { AppendedMessage } from '../contract/session-store.js'
import type { SessionRecord } from '../contract/session-record.js'
import type { SessionBody } from '../domain/session-body.js'
import type { Service } from './service.js'

/** A session as it was when it was last read or written. */
export interface SessionSnapshot {
  readonly record: SessionRecord
  readonly body: SessionBody
}

/** A session after a change, and the seqs of its messages. */
export interface SessionUpdate extends SessionSnapshot {
  readonly appended: readonly AppendedMessage[]
  /** An earlier call made the change, under the same name: this call has nothing to tell. */
  readonly isRepeat?: boolean
}

/** Stores a session that exists only in one handle so far, unless `ready` rejects. */
export type CreateDraft = (
  ready?: Promise<unknown>,
) => Promise<SessionSnapshot & { readonly service: Service }>
