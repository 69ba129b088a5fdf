/** Every code of a `SessionError`. Codes are stable: a new one is a minor change, a changed one a major. */
export const sessionErrorCodes = [
  /** The session is unknown, expired, deleted or belongs to another caller: the error does not say which. */
  'not_found',
  /** The input is malformed; `path` says where. */
  'invalid',
  /** The request does not say who the caller is. */
  'unauthenticated',
  /** The caller is known and may not do this. */
  'forbidden',
  /** Another caller changed the session first, or the same id was used for something else. */
  'conflict',
  /** Another message of the session is being answered. Nothing was stored; try again later. */
  'turn_in_progress',
  /** The turn may no longer write: another process took it over, or the conversation moved on without it. */
  'turn_lost',
  /**
   * The model, or the code around it, failed. The user's message is stored, and so is the part of the reply that
   * exists.
   */
  'model_failed',
  /** The application's `redact` failed: the text that it was to redact is not stored; `cause` is for logs. */
  'redaction_failed',
  /** The same idempotency key was used before, with another request. */
  'key_reused',
  /** The input is over a size limit; `path` says which. */
  'too_large',
  /** A limit is reached: of live sessions, of messages in a session, of steps in a turn, of tries; `path` says which. */
  'limit_reached',
  /** The budget of tokens or costs of a session, a user or a tenant is spent; the model was not called. */
  'budget_exceeded',
  /** The data of this user is being erased, or was erased just now: no session can be made for the user yet. */
  'user_erased',
  /** The user does not consent to what this would keep; `path` says which purpose. */
  'consent_missing',
  /** The response has begun, so it can no longer carry a cookie or header. */
  'headers_sent',
  /** The response could not carry the credential of a session safely, so the session was not stored. */
  'insecure_transport',
  /** The stored record cannot be read. It is left as it is. */
  'corrupt',
  /** The key that the content is sealed with is not there: not in the keyring, or destroyed. */
  'unknown_key',
  /** The store is out of space. Reads and deletes still work. */
  'store_full',
  /** The store cannot be reached, or did not answer in time; nothing was written. */
  'unavailable',
  /** The store did not answer a write: it may or may not have happened. The same write again is safe. */
  'unknown_outcome',
  /** The store refused for a reason of its own; `cause` holds it. */
  'store_failed',
  /** The service was closed because its process is about to end; nothing was done. */
  'closed',
] as const

/** UTF-16 units of the text of a failure: a message of the log, which it becomes a part of, has room for more. */
export const maxErrorLength = 8000

/** What went wrong. Code can compare it. */
export type SessionErrorCode = (typeof sessionErrorCodes)[number]

/** Details of an error in addition to its code. */
export interface SessionErrorDetails {
  /** The error beneath, for logs; never shown to a caller. */
  cause?: unknown
  /** Where in the input it went wrong, such as `items[0].quantity`. */
  path?: string
  /** The revision the store holds now, when a body was changed on an older one. */
  revision?: number
  /** The message whose id was already used with another payload. */
  messageId?: string
  /** How long to wait before another try, in milliseconds. */
  retryAfterMs?: number
}

// Symbols in the global registry, so that two installed copies of this package recognize each other's errors.
const marker: unique symbol = Symbol.for('@sessions/error') as never

/** The one error class of the family: a stable `code`, a sentence for people, and where it happened. */
export class SessionError extends Error {
  /** An error of any copy of this package is an instance, so that filters and `catch` blocks know it by its class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === SessionError ? isSessionError(value) : isInherited(this, value)
  }

  readonly [marker] = true
  /** `SessionError`, unless a class that extends it has a name of its own. */
  override readonly name: string = 'SessionError'
  /** What went wrong: stable, for code to compare. */
  readonly code: SessionErrorCode
  /** Where in the input it went wrong, such as `items[0].quantity`. */
  readonly path: string | undefined
  /** The revision the store holds now, when a body was changed on an older one. */
  readonly revision: number | undefined
  /** The message whose id was already used with another payload. */
  readonly messageId: string | undefined
  /** How long to wait before another try, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(code: SessionErrorCode, message: string, details: SessionErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.path = details.path
    this.revision = details.revision
    this.messageId = details.messageId
    this.retryAfterMs = details.retryAfterMs
  }
}

/** What `instanceof` says by itself: a class that extends `SessionError` has its own objects alone. */
function isInherited(type: typeof SessionError, value: unknown): boolean {
  return Function.prototype[Symbol.hasInstance].call(type, value)
}

/** True for a `SessionError`, of `code` when one is given, from any copy of the package. */
export function isSessionError(error: unknown, code?: SessionErrorCode): error is SessionError {
  if (typeof error !== 'object' || error === null) return false
  try {
    return marker in error && (code === undefined || (error as SessionError).code === code)
  } catch {
    // Code of the application may throw anything, such as a proxy that was revoked: it refuses even to be looked at.
    return false
  }
}

/** The cause of an `unknown_key` whose key was destroyed: other than one that a keyring lacks, it never comes back. */
export const keyDestroyed: unique symbol = Symbol.for('@sessions/key-destroyed') as never

/**
 * Whether nobody can read what a call was about, ever: it is damaged, or its key was destroyed. Whoever looks at many
 * sessions passes it over, so that it does not hide the others.
 */
export function isUnreadable(error: unknown): boolean {
  if (isSessionError(error, 'corrupt')) return true
  return isSessionError(error, 'unknown_key') && error.cause === keyDestroyed
}

/** The message of what code of the application threw, of `maxErrorLength` units at most; undefined if it has none. */
export function messageOf(thrown: unknown): string | undefined {
  try {
    if (!(thrown instanceof Error)) return undefined
    const { message } = thrown as { message: unknown }
    return typeof message === 'string' ? message.slice(0, maxErrorLength) : undefined
  } catch {
    return undefined
  }
}
