import type { SessionErrorCode } from '@sessions/core'

/**
 * The outcome of an operation for its caller: `acknowledged` promises that the change is stored for good, `refused`
 * that nothing was written; `unknown` promises neither.
 */
export type Outcome = 'acknowledged' | 'refused' | 'unknown'

/** The fields of every logged operation. */
interface Logged {
  /** Its lane: one lane does one operation after the other. */
  readonly lane: string
  /** Place among the operations of its lane. */
  readonly n: number
  readonly tenantId: string
  readonly sessionId: string
  /** Incarnation of the handle; absent when there was none. */
  readonly incarnation?: string
  /** Microseconds, by the one clock of the machine that all processes share and that is never set. */
  readonly begin: number
  readonly end: number
  readonly outcome: Outcome
  /** Of a `SessionError`; `crashed` for any other error. */
  readonly code?: SessionErrorCode | 'crashed'
  /** True when the error said that the session itself is absent. */
  readonly absent?: boolean
  /** The message of the error. */
  readonly problem?: string
  /** The outcomes of the tries before the last. */
  readonly earlier?: readonly string[]
}

export interface LoggedMessage {
  readonly id: string
  readonly text: string
}

export interface Place {
  readonly seq: number
  readonly inserted: boolean
}

/** One operation on a session, and its outcome. */
export type Operation = Logged &
  (
    | {
        /** All of the messages or none. With ids that were used before it is a retry. */
        readonly kind: 'append'
        readonly messages: readonly LoggedMessage[]
        readonly places?: readonly Place[]
      }
    | {
        /** A known id with another text: must be refused. */
        readonly kind: 'clash'
        readonly messages: readonly LoggedMessage[]
      }
    | {
        /** To a line that all lanes add to. */
        readonly kind: 'add'
        readonly sku: string
        readonly quantity: number
      }
    | {
        /** A value that only this lane writes. `observed` is the value in the acknowledgement. */
        readonly kind: 'register'
        readonly register: string
        readonly change: RegisterChange
        readonly observed?: RegisterValue
      }
    | { readonly kind: 'count' }
    | {
        readonly kind: 'read'
        readonly lastSeq?: number
        readonly foreign: readonly string[]
        /** How old what it saw may have been, in microseconds; absent when it had to be new. */
        readonly ageUs?: number
      }
    | { readonly kind: 'rewind' | 'switch' | 'reset' | 'delete' | 'sweep' | 'label' }
    | { readonly kind: 'redact'; readonly seq: number; readonly messageId: string }
    | {
        /** The session was copied to another place. `wrong`: what the copy lacks. */
        readonly kind: 'copy'
        readonly wrong?: string
      }
    | {
        /** Creates the session, or finds it. `idleMs`: it expires without writes. */
        readonly kind: 'open'
        readonly idleMs?: number
      }
    | {
        /** A copy under a new id: `sessionId` and `incarnation` are the copy's. */
        readonly kind: 'fork'
        readonly source: string
        /** The messages that the copy had. */
        readonly messages?: readonly LoggedMessage[]
      }
    /** A caller of another tenant asks for the id: must find nothing. */
    | { readonly kind: 'trespass'; readonly found?: boolean }
  )

export type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>

/** Absent is null, so that it stays in the log. */
export type RegisterValue = string | number | null

/** The change of a register: `set` does not depend on the earlier value, `plus` adds to it. */
export type RegisterChange = { readonly set: RegisterValue } | { readonly plus: number }

/** The value of a register after the operation, from its value `before`. */
export function applyChange(before: RegisterValue, change: RegisterChange): RegisterValue {
  return 'set' in change ? change.set : (typeof before === 'number' ? before : 0) + change.plus
}
