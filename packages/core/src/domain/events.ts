import type { Money } from './cart.js'
import type { Role } from './message.js'

interface About {
  /**
   * The same for the same thing, should it be told twice: the id of the turn for `usage.recorded`,
   * `incarnation:seq` for `message.appended`. Another one for each event of the other types.
   */
  readonly id: string
  /** Who did it, not whose it is: a user, somebody who has not signed in, or the service by itself. */
  readonly actor: { readonly userId: string } | 'anonymous' | 'system'
  readonly tenantId: string
  readonly sessionId: string
  /** The user who owns the session, if it has an owner. */
  readonly userId?: string | undefined
  /** Epoch ms, by the clock of this process. */
  readonly at: number
}

/** Why a turn did not complete. */
export type TurnAbortReason = 'cancelled' | 'interrupted' | 'lost'

/** The transfer that an event is about, and the devices, if they have named themselves. */
export interface TransferEvent {
  /** Names the transfer. */
  readonly transferId: string
  /** What the other device gets. */
  readonly mode: 'move' | 'share' | 'copy'
  /** The device that began it: a digest of the name it gave itself, keyed by `credentialSecrets`. */
  readonly sourceDevice?: string | undefined
  /** The same for the device that opens the transfer, or waits for approval. */
  readonly targetDevice?: string | undefined
}

/** Why somebody looks like an attacker. */
export type SuspicionReason = 'misses' | 'two_devices' | 'outdated_credential' | 'transfer_replayed'

/** What happened, by type: `docs/events.md` says when. No event carries content or a credential. */
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
  /** What it said is gone. */
  'message.redacted': { readonly messageId: string; readonly seq: number }
  /** It says something else now. */
  'message.amended': { readonly messageId: string; readonly seq: number }
  'message.annotated': { readonly messageId: string; readonly seq: number }
  /** The messages from one seq to another are summed up in `tokens` tokens; they stay in the log. */
  'context.compacted': { readonly from: number; readonly to: number; readonly tokens: number }
  'history.expired': { readonly throughSeq: number }
  'state.changed': { readonly revision: number }
  'preferences.changed': { readonly revision: number; readonly keys: readonly string[] }
  'cart.changed': {
    readonly action: 'added' | 'quantity' | 'removed' | 'cleared' | 'checkedOut'
    readonly revision: number
    /** Number of items in the cart now. */
    readonly itemCount: number
  }
  'order.placed': { readonly orderId: string; readonly total: Money }
  /** The session takes part in an experiment, with this arm; told once for each version. */
  'experiment.assigned': { readonly experiment: string; readonly arm: string; readonly version: string }
  'turn.started': { readonly turnId: string; readonly messageId: string }
  /** Emitted after the reply is stored. */
  'turn.completed': { readonly turnId: string; readonly durationMs: number }
  'turn.failed': { readonly turnId: string; readonly durationMs: number }
  /** The turn was stopped by a caller, by a later message, or because its process died. */
  'turn.aborted': { readonly turnId: string; readonly reason: TurnAbortReason }
  /** A question was answered from history, without a model. */
  'turn.reused': { readonly messageId: string }
  /**
   * What a turn used, as `respond` reported it, with the cost by `usage.prices` where it reported none; also when there is
   * no reply, for it is paid for.
   */
  'usage.recorded': {
    readonly turnId: string
    /** How the turn ended; `lost` when its reply could not be stored, or nobody worked on it any more. */
    readonly outcome: 'completed' | 'failed' | 'aborted' | 'lost'
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
  /** A caller with its secret or code called `describeTransfer`. */
  'transfer.viewed': TransferEvent
  /** A device waits for approval. */
  'transfer.claimed': TransferEvent
  'transfer.approved': TransferEvent
  'transfer.denied': TransferEvent
  /** The user who redeemed it, if signed in; and for a copy the session that was made. */
  'transfer.redeemed': TransferEvent & {
    readonly by?: string | undefined
    readonly copySessionId?: string | undefined
  }
  'transfer.revoked': TransferEvent
  /** No device redeemed it in time; emitted when its session next begins or ends a transfer. */
  'transfer.expired': TransferEvent
  /** A caller with its secret or code sent no verifier, or a wrong one. */
  'transfer.refused': TransferEvent
  /** A caller sent too many wrong short codes or verifiers. They name no session, so `sessionId` is empty. */
  'transfer.locked': {
    readonly scope: 'caller' | 'tenant'
    /** The device that made the last try. */
    readonly targetDevice?: string | undefined
  }
  /** Entries of the audit that nobody waited for, and that could not be written, or did not fit. */
  'audit.dropped': { readonly count: number }
  /** Often enough that it is no accident. `requestId` is that of the request that made it so many. */
  'access.suspicious': {
    readonly reason: SuspicionReason
    readonly count: number
    readonly requestId?: string | undefined
  }
  'access.denied': { readonly reason: 'owner' | 'credential' }
}

/** The types of events. */
export type SessionEventType = keyof SessionEventDetails

/** An event of one type. */
export type SessionEventOf<Type extends SessionEventType> = Extract<SessionEvent, { readonly type: Type }>

/** A change of a session, for listeners: usage, audit, analytics, live updates and metrics are all built from these. */
export type SessionEvent = {
  [Type in SessionEventType]: { readonly type: Type } & About & SessionEventDetails[Type]
}[SessionEventType]

/** Gets every event. It runs inside the call that caused the event, so it must be quick. */
export type SessionListener = (event: SessionEvent) => void
