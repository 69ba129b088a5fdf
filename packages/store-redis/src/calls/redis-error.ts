import { corrupt, isSessionError, SessionError, type SessionErrorCode } from '@sessions/core/store'

/**
 * The meaning of an error reply of Redis, by its first word. The command did nothing, except for the script behind a
 * `BUSY`.
 */
const replies: Readonly<Record<string, SessionErrorCode>> = {
  OOM: 'store_full',
  READONLY: 'unavailable',
  LOADING: 'unavailable',
  MASTERDOWN: 'unavailable',
  CLUSTERDOWN: 'unavailable',
  MOVED: 'unavailable',
  ASK: 'unavailable',
  TRYAGAIN: 'unavailable',
  BUSY: 'unavailable',
  MISCONF: 'unavailable',
  NOREPLICAS: 'unavailable',
}

// Redis 6.2 puts a word about the script before the error inside a script. Upstash and ioredis' Cluster put their own
// words before it.
const replyPattern =
  /^(?:Command failed: |Too many Cluster redirections\. Last error: ReplyError: )?-?([A-Z]{2,})(?: |$)/
const innerPattern = /^ERR Error running script .*?(?:-|: )([A-Z]{2,}) /

// Clients say this of a command that they did not send.
const unsentPattern = /^(?:Stream isn't writeable|The client is (?:closed|offline)$)/

// Redis 7.0 says the first of a command inside a script.
const rightsPattern = /The user executing the script can't|\bNOPERM\b/
const credentialsPattern = /^(?:NOAUTH|WRONGPASS)\b/
// Those of a server itself, of its scripts, and of its scripts about the rights of a user.
const strangePattern =
  /^ERR unknown command|\bUnknown Redis command called from|Invalid command passed to redis\.acl_check_cmd/

/** The first word of an error reply of Redis; undefined when it is no reply, so that nobody knows what happened. */
export function replyCode(error: unknown): string | undefined {
  const text = messageOf(error)
  return innerPattern.exec(text)?.[1] ?? replyPattern.exec(text)?.[1]
}

/** The `SessionError` for any error of a client. `mayHaveHappened`: a write went out. */
export function toSessionError(error: unknown, mayHaveHappened: boolean): SessionError {
  if (isSessionError(error)) return error
  const details = { cause: error }
  const reply = replyCode(error)
  if (reply === 'WRONGTYPE') return corrupt('there is something else in its place', error)
  if (reply !== undefined) {
    const code = replies[reply] ?? 'store_failed'
    return new SessionError(code, toProblem(reply, messageOf(error)), details)
  }
  if (!mayHaveHappened || isUnsent(error)) {
    return new SessionError('unavailable', 'Redis cannot be reached', details)
  }
  return new SessionError('unknown_outcome', 'the connection to Redis was lost during a write', details)
}

/** Whether a server gave no reply, or says that it does nothing for anybody now: it is busy, or loads its data. */
export function isAway(error: unknown): boolean {
  return toSessionError(error, false).code === 'unavailable'
}

/** Whether a server says that it does not have a command. */
export function isStrange(error: unknown): boolean {
  return strangePattern.test(messageOf(error))
}

/** Whether a client says that it did not send a command. */
export function isUnsent(error: unknown): boolean {
  return unsentPattern.test(messageOf(error))
}

function toProblem(reply: string, text: string): string {
  if (rightsPattern.test(text)) {
    return 'the user of Redis lacks a right that the store needs, all of which are in the README: ' + text
  }
  if (credentialsPattern.test(text)) return `Redis refuses the name or the password of the user: ${reply}`
  if (strangePattern.test(text)) {
    // The arguments have the text of a script, or names of sessions.
    const [what] = text.split(', with args ', 1)
    return `this server does not know what the store needs: ${what!.slice(0, 200)}`
  }
  return `Redis refused: ${reply}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
