import { isSessionError } from '@sessions/core'
import type { Operation, Outcome } from '../operation.js'

/** The session of an operation, and its incarnation. */
export interface About {
  readonly tenantId: string
  readonly sessionId: string
  readonly incarnation?: string
}

// Distributes over the kinds, which Omit alone does not.
type Details<O> = O extends Operation
  ? Omit<
      O,
      | 'lane'
      | 'n'
      | 'begin'
      | 'end'
      | 'outcome'
      | 'code'
      | 'absent'
      | 'problem'
      | 'earlier'
      | 'tenantId'
      | 'sessionId'
    >
  : never

/** The operation for the log, after it is over: `value` is undefined when it failed. */
export type Describe<T> = (value: T | undefined) => Details<Operation> & Partial<About>

/**
 * When an operation may be tried again. `always`: with the same ids, or when it writes nothing. `unwritten`: only when
 * it was refused with the promise that nothing was written.
 */
export type Again = 'always' | 'unwritten' | 'never'

const maxAttempts = 4

/** Logs the operations of one lane, and their outcomes. */
export class Recorder {
  readonly lane: string
  readonly #write: (operation: Operation) => void
  #n = 0

  constructor(lane: string, write: (operation: Operation) => void) {
    this.lane = lane
    this.#write = write
  }

  /** A unique name for the next operation. */
  next(): string {
    return `${this.lane}.${this.#n}`
  }

  /** Does `work`, tries again when that is safe, and logs it. Undefined when it was not acknowledged. */
  async run<T>(
    about: About,
    again: Again,
    work: () => Promise<T>,
    describe: Describe<T>,
  ): Promise<T | undefined> {
    const n = this.#n++
    const begin = nowUs()
    let isUnknown = false
    const earlier: string[] = []
    for (let attempt = 1; ; attempt++) {
      try {
        const value = await work()
        this.#log({ n, begin, earlier, outcome: 'acknowledged' }, about, describe(value))
        return value
      } catch (error) {
        const failure = toFailure(error)
        isUnknown ||= failure.outcome === 'unknown'
        const isRetried =
          (failure.code === 'unavailable' && again !== 'never') ||
          (failure.code === 'unknown_outcome' && again === 'always')
        if (isRetried && attempt < maxAttempts) {
          earlier.push(failure.code)
          await pause(attempt * 10)
          continue
        }
        const outcome = isUnknown ? 'unknown' : failure.outcome
        this.#log({ n, begin, earlier, ...failure, outcome }, about, describe(undefined))
        return undefined
      }
    }
  }

  #log(heard: Heard, about: About, details: Details<Operation> & Partial<About>): void {
    const { earlier, ...rest } = heard
    const tries = earlier.length === 0 ? {} : { earlier }
    this.#write({ lane: this.lane, ...about, ...rest, ...tries, end: nowUs(), ...details })
  }
}

interface Heard extends Partial<Failure> {
  readonly n: number
  readonly begin: number
  readonly outcome: Outcome
  readonly earlier: readonly string[]
}

interface Failure {
  readonly outcome: Outcome
  readonly code: NonNullable<Operation['code']>
  readonly absent?: true
  readonly problem: string
}

function toFailure(error: unknown): Failure {
  const problem = describeError(error)
  // An error of another kind does not tell whether anything was written.
  if (!isSessionError(error)) return { outcome: 'unknown', code: 'crashed', problem }
  const { code, path } = error
  return {
    outcome: code === 'unknown_outcome' ? 'unknown' : 'refused',
    code,
    problem,
    // With a path, a part of the session is missing, not the session.
    ...(code === 'not_found' && path === undefined ? { absent: true } : {}),
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${describeError(error.cause)}`
}

/** Microseconds since the machine started; the same for all of its processes, and never set back. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
