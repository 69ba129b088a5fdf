import type { SessionErrorCode } from '@sessions/core'

/**
 * How an operation ended for its caller: `acknowledged` is a promise that it is there for good, `refused` that nothing
 * was written, `unknown` promises neither.
 */
export type Outcome = 'acknowledged' | 'refused' | 'unknown'

/** What every logged operation has. */
interface Logged {
  /** Who did it: one lane does one thing after the other. */
  readonly lane: string
  /** Place among the operations of its lane. */
  readonly n: number
  readonly tenantId: string
  readonly sessionId: string
  /** Of the handle it was done with; absent where there was none. */
  readonly incarnation?: string
  /** Microseconds on the one clock of the machine that all processes share and nobody sets. */
  readonly begin: number
  readonly end: number
  readonly outcome: Outcome
  /** Of a `SessionError`; `crashed` for any other error. */
  readonly code?: SessionErrorCode | 'crashed'
  /** True when the session itself was said to be absent. */
  readonly absent?: boolean
  /** What the error said, for people. */
  readonly problem?: string
  /** What tries before the last were told. */
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

/** One thing that was done to a session, and what was heard of it. */
export type Operation = Logged &
  (
    | {
        /** All of the messages or none. With ids that were used before it is a retry. */
        readonly kind: 'append'
        readonly messages: readonly LoggedMessage[]
        readonly places?: readonly Place[]
      }
    | {
        /** An id that is taken, with another text: must be refused. */
        readonly kind: 'clash'
        readonly messages: readonly LoggedMessage[]
      }
    | {
        /** To a line that everybody adds to. */
        readonly kind: 'add'
        readonly sku: string
        readonly quantity: number
      }
    | {
        /** A value that only this lane writes. `observed` is what the acknowledgement showed. */
        readonly kind: 'register'
        readonly register: string
        readonly change: RegisterChange
        readonly observed?: RegisterValue
      }
    | { readonly kind: 'count' }
    | { readonly kind: 'read'; readonly lastSeq?: number; readonly foreign: readonly string[] }
    | { readonly kind: 'rewind' | 'switch' | 'reset' | 'delete' | 'sweep' }
    | {
        /** Makes the session, or finds it. `idleMs`: it is one that expires when left alone. */
        readonly kind: 'open'
        readonly idleMs?: number
      }
    | {
        /** A copy under a new id: `sessionId` and `incarnation` are the copy's. */
        readonly kind: 'fork'
        readonly source: string
        /** The messages that were seen in it. */
        readonly messages?: readonly LoggedMessage[]
      }
    /** Somebody of another tenant asks for the id: must find nothing. */
    | { readonly kind: 'trespass'; readonly found?: boolean }
  )

export type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>

/** Absent is null, so that it survives a log. */
export type RegisterValue = string | number | null

/** What a register is after a change: `set` needs nothing of before, `plus` adds to a number. */
export type RegisterChange = { readonly set: RegisterValue } | { readonly plus: number }

/** What the operation does to a register that holds `before`. */
export function applyChange(before: RegisterValue, change: RegisterChange): RegisterValue {
  return 'set' in change ? change.set : (typeof before === 'number' ? before : 0) + change.plus
}
