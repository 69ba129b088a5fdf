import type { Money } from './cart.js'
import type { Role } from './message.js'

interface About {
  readonly tenantId: string
  readonly sessionId: string
  /** Whose session it is, when it has an owner. */
  readonly userId?: string | undefined
  /** Epoch ms, by the clock of this process. */
  readonly at: number
}

/** Why a turn did not get to its end. */
export type TurnAbortReason = 'cancelled' | 'interrupted' | 'lost'

/** Which transfer an event is about, and between which devices, as far as they said what they are. */
export interface TransferEvent {
  readonly transferId: string
  readonly mode: 'move' | 'share' | 'copy'
  /** Of the device that began it: a digest of what it said of itself, keyed by `credentialSecrets`. */
  readonly sourceDevice?: string | undefined
  /** The same of the device that opens it, or waits for that. */
  readonly targetDevice?: string | undefined
}

/** What happened, by type. No event carries content or a credential. */
export interface SessionEventDetails {
  'session.created': object
  'session.deleted': object
  'session.evicted': object
  'session.reset': object
  'session.edited': object
  'session.rewound': { readonly toSeq: number }
  'session.branched': { readonly branchId: string }
  'session.forked': { readonly fromSessionId: string; readonly seq: number }
  'session.bound': object
  'credential.rotated': { readonly generation: number }
  'message.appended': {
    readonly messageId: string
    readonly seq: number
    readonly role: Role
    readonly tokens: number
  }
  /** The messages from one seq to another are summed up in so many tokens; they stay in the log. */
  'context.compacted': { readonly from: number; readonly to: number; readonly tokens: number }
  'history.expired': { readonly throughSeq: number }
  'state.changed': { readonly revision: number }
  'preferences.changed': { readonly revision: number; readonly keys: readonly string[] }
  'cart.changed': {
    readonly action: 'added' | 'quantity' | 'removed' | 'cleared' | 'checkedOut'
    readonly revision: number
    /** Pieces in the cart now. */
    readonly itemCount: number
  }
  'order.placed': { readonly orderId: string; readonly total: Money }
  'turn.started': { readonly turnId: string; readonly messageId: string }
  /** Said after the reply is stored. */
  'turn.completed': { readonly turnId: string; readonly durationMs: number }
  'turn.failed': { readonly turnId: string; readonly durationMs: number }
  /** Stopped by a caller, by a later message, or with the process it ran in. */
  'turn.aborted': { readonly turnId: string; readonly reason: TurnAbortReason }
  /** A question was answered from history, without a model. */
  'turn.reused': { readonly messageId: string }
  'usage.recorded': {
    readonly turnId: string
    readonly provider?: string | undefined
    readonly model?: string | undefined
    readonly inputTokens: number
    readonly outputTokens: number
    readonly costMicros: number
    readonly cachedInputTokens?: number | undefined
    readonly cacheWriteTokens?: number | undefined
    readonly reasoningTokens?: number | undefined
  }
  'transfer.created': TransferEvent & { readonly audience?: string | undefined; readonly confirm: boolean }
  /** Somebody who holds its secret or code asked what it is about. */
  'transfer.viewed': TransferEvent
  /** A device waits for approval. */
  'transfer.claimed': TransferEvent
  'transfer.approved': TransferEvent
  'transfer.denied': TransferEvent
  /** By this user, when they are signed in; with the session that was made, for a copy. */
  'transfer.redeemed': TransferEvent & {
    readonly by?: string | undefined
    readonly copySessionId?: string | undefined
  }
  'transfer.revoked': TransferEvent
  /** Nobody redeemed it in time; said when its session begins or ends a transfer the next time. */
  'transfer.expired': TransferEvent
  /** Somebody who holds its secret or code came without its verifier, or with another. */
  'transfer.refused': TransferEvent
  /** Too many wrong short codes or verifiers. They name no session, so `sessionId` is empty. */
  'transfer.locked': {
    readonly scope: 'caller' | 'tenant'
    /** Of the device that made the last try. */
    readonly targetDevice?: string | undefined
  }
  'access.denied': { readonly reason: 'owner' | 'credential' }
}

/** The types of events. */
export type SessionEventType = keyof SessionEventDetails

/** A fact about a session, for listeners: usage, audit, analytics, live updates and metrics are all made of these. */
export type SessionEvent = {
  [Type in SessionEventType]: { readonly type: Type } & About & SessionEventDetails[Type]
}[SessionEventType]

/** Is told of every event. It runs at once, in the call that caused the event, so it must be quick. */
export type SessionListener = (event: SessionEvent) => void
