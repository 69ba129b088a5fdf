import { isSessionError, SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import { checkWhole } from './check-arguments.js'
import { probeRef } from './session-record.js'
import type { SessionStore } from './session-store.js'
import type { StoreFinding } from './store-finding.js'
import { later, timerMs } from '../time.js'

/** How `checkStore` waits. */
export interface CheckStoreOptions {
  /** How long all of it may take, in milliseconds (default 5,000). */
  timeoutMs?: number
}

/**
 * Asks a store what is wrong with its database and its client: missing rights, an old version of the tables, a server
 * that throws sessions away, and the like. It changes nothing, and costs a few statements: call it when a process starts,
 * and `sessions.health()` from then on.
 *
 * @returns What was found, errors first; empty when nothing is wrong. A store that does not answer is a finding, too.
 * @throws `invalid` for wrong options, and for what is no store.
 *
 * @example
 * ```ts
 * import { memoryStore } from '@sessions/core'
 * import { checkStore } from '@sessions/core/store'
 *
 * const store = memoryStore()
 * const findings = await checkStore(store)
 * for (const { level, code, message } of findings) console.warn(`${level} ${code}: ${message}`)
 * if (findings.some(({ level }) => level === 'error')) process.exitCode = 1
 * ```
 */
export async function checkStore(
  store: SessionStore,
  options: CheckStoreOptions = {},
): Promise<readonly StoreFinding[]> {
  checkOptions<CheckStoreOptions>(options, { timeoutMs: 'number' })
  if (typeof (store as SessionStore | undefined)?.read !== 'function')
    throw new SessionError('invalid', 'store must be a store', { path: 'store' })
  const { timeoutMs = 5000 } = options
  checkWhole(timeoutMs, 'timeoutMs', 1)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new SessionError('unavailable', `the store did not answer within ${timeoutMs} ms`)
    timer = later(() => reject(error), timerMs(timeoutMs))
  })
  const findings: StoreFinding[] = []
  const ask = async (question: Promise<readonly StoreFinding[]>): Promise<void> => {
    try {
      findings.push(...(await Promise.race([question, late])))
    } catch (error) {
      findings.push(toFinding(error))
    }
  }
  try {
    // The store gives up first: its own error says more.
    await ask(store.check?.(Math.ceil(timeoutMs * 0.9)) ?? Promise.resolve([]))
    // What the store has found wrong says more than the error of a call.
    if (!findings.some(isError)) await ask(store.read(probeRef).then(() => []))
  } finally {
    clearTimeout(timer)
  }
  return [...findings.filter(isError), ...findings.filter((finding) => !isError(finding))]
}

const isError = ({ level }: StoreFinding): boolean => level === 'error'

function toFinding(error: unknown): StoreFinding {
  if (!isSessionError(error))
    return { level: 'error', code: 'internal', message: String(error).slice(0, 500) }
  const { code, message, cause } = error
  const more = cause instanceof Error && cause.message !== '' ? ` (${cause.message.slice(0, 500)})` : ''
  return { level: 'error', code, message: message + more }
}
