import { SessionError } from '@sessions/core/store'
import type { Attempt } from './attempt.js'
import type { RedisCommands } from '../commands/redis-commands.js'
import { toPlain } from './plain-reply.js'
import { isUnsent, replyCode } from './redis-error.js'
import type { RedisScript } from '../scripts/redis-script.js'

const tryAgainMs = 50

// The server did nothing, and soon may: it loads its data, or the Cluster moves a slot or looks for a primary.
const passingReplies = new Set(['TRYAGAIN', 'CLUSTERDOWN', 'LOADING', 'MOVED', 'ASK'])

// Only a node of a Cluster says this, to a client that does not know where the slots are.
const clusterReplies = new Set(['MOVED', 'ASK', 'CROSSSLOT'])

type Send = () => Promise<unknown>

/** The commands of a client, sent only while somebody waits for them, and never into a queue of the client. */
export class RedisCalls {
  readonly commands: RedisCommands
  readonly #waiting = new Set<() => void>()
  #isWatching = false

  constructor(commands: RedisCommands) {
    this.commands = commands
  }

  /** `LRANGE`, of texts. */
  range(attempt: Attempt, key: string, first: number, last: number): Promise<unknown[]> {
    return this.#send(attempt, false, () => this.commands.range(key, first, last)).then(toList)
  }

  /** A command about the server itself, of a client that has such commands. */
  ask(attempt: Attempt, command: readonly string[]): Promise<unknown> {
    return this.#send(attempt, false, () => this.commands.ask!(command))
  }

  /** A script that changes nothing. */
  read(attempt: Attempt, script: RedisScript, keys: readonly string[], args: readonly string[] = []) {
    return this.#run(attempt, false, script, keys, args)
  }

  /** A script that writes. */
  write(attempt: Attempt, script: RedisScript, keys: readonly string[], args: readonly string[] = []) {
    return this.#run(attempt, true, script, keys, args)
  }

  /**
   * A script whose writes do not decide the answer of the call. So a lost reply to it does not make the outcome
   * unknown.
   */
  note(attempt: Attempt, script: RedisScript, keys: readonly string[], args: readonly string[] = []) {
    return this.#run(attempt, false, script, keys, args)
  }

  #run(
    attempt: Attempt,
    writes: boolean,
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown[]> {
    // `EVAL` sends the text itself, so the server cannot forget the script between two commands.
    const run = () => this.#send(attempt, writes, () => this.commands.run(script, keys, args)).then(toList)
    const { sha } = script
    if (sha === undefined) return run()
    return this.#send(attempt, writes, () => this.commands.runKnown(sha, keys, args)).then(
      toList,
      (error: unknown) => {
        if (replyCode(error) !== 'NOSCRIPT') throw error
        return run()
      },
    )
  }

  // Every request comes through here, so it makes no more promises than it needs.
  #send(attempt: Attempt, writes: boolean, send: Send): Promise<unknown> {
    if (!this.commands.isReady()) {
      return this.#untilReady(attempt).then(() => this.#send(attempt, writes, send))
    }
    if (attempt.isOver) return Promise.reject(tooLate())
    const closed = this.commands.whyClosed()
    if (closed !== undefined) return Promise.reject(new SessionError('unavailable', closed))
    const before = attempt.mayHaveWritten
    attempt.mayHaveWritten ||= writes
    return send().catch((error: unknown) => {
      const code = replyCode(error)
      if (code !== undefined) attempt.mayHaveWritten = before
      if (code === undefined) throw isUnsent(error) ? notSent(error, this.commands.whyDown?.()) : error
      if (clusterReplies.has(code) && !this.commands.isCluster) throw notForClusters(error)
      if (!passingReplies.has(code)) throw error
      return this.#later(attempt, error, () => this.#send(attempt, writes, send))
    })
  }

  // While a slot moves, a session's keys may be on two nodes, and neither node runs a script over both.
  async #later<T>(attempt: Attempt, refusal: unknown, again: () => Promise<T>): Promise<T> {
    // The last try must have its answer in time: the caller then hears the refusal.
    if (attempt.leftMs < 2 * tryAgainMs) throw refusal
    await new Promise((resolve) => setTimeout(resolve, tryAgainMs))
    return again()
  }

  async #untilReady(attempt: Attempt): Promise<void> {
    while (!this.commands.isReady()) {
      if (attempt.isOver) throw tooLate()
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        // A call that was given up must not be kept until the server is back.
        attempt.onOver = () => {
          this.#waiting.delete(resolve)
          resolve()
        }
        this.#watch()
      })
    }
    if (attempt.isOver) throw tooLate()
  }

  #watch(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.commands.onceChanged(() => {
      this.#isWatching = false
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const resolve of waiting) resolve()
    })
  }
}

function notSent(refusal: unknown, reason: unknown): unknown {
  return reason === undefined
    ? refusal
    : new SessionError('unavailable', 'Redis cannot be reached', { cause: reason })
}

function notForClusters(cause: unknown): SessionError {
  const problem = 'the server is a node of a Redis Cluster: give the store a Cluster client'
  return new SessionError('store_failed', problem, { cause })
}

function tooLate(): SessionError {
  return new SessionError('unavailable', 'Redis could not be reached in time')
}

/** A reply as a list of texts and numbers. */
function toList(reply: unknown): unknown[] {
  const plain = toPlain(reply)
  return Array.isArray(plain) ? (plain as unknown[]) : [plain]
}
