import { SessionError } from '@sessions/core/store'
import type { Attempt } from './attempt.js'
import type { RedisCommands } from './redis-commands.js'
import { replyCode } from './redis-error.js'
import type { RedisScript } from './redis-script.js'

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
  async range(attempt: Attempt, key: string, first: number, last: number): Promise<unknown[]> {
    if (!this.commands.isReady()) await this.#untilReady(attempt)
    return toList(await this.commands.range(key, first, last))
  }

  /** A script that changes nothing. */
  read(attempt: Attempt, script: RedisScript, keys: readonly string[], args: readonly string[] = []) {
    return this.#run(attempt, false, script, keys, args)
  }

  /** A script that writes. */
  write(attempt: Attempt, script: RedisScript, keys: readonly string[], args: readonly string[] = []) {
    return this.#run(attempt, true, script, keys, args)
  }

  #run(
    attempt: Attempt,
    writes: boolean,
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown[]> {
    return this.#send(attempt, writes, () => this.commands.runKnown(script, keys, args)).then(
      toList,
      (error: unknown) => {
        if (replyCode(error) !== 'NOSCRIPT') throw error
        // With the text itself there is no second gap to fall into.
        return this.#send(attempt, writes, () => this.commands.run(script, keys, args)).then(toList)
      },
    )
  }

  // On the way of every request: no more promises than it takes.
  #send(attempt: Attempt, writes: boolean, send: Send): Promise<unknown> {
    if (!this.commands.isReady()) {
      return this.#untilReady(attempt).then(() => this.#send(attempt, writes, send))
    }
    if (!writes) return send()
    if (attempt.isOver) return Promise.reject(tooLate())
    const before = attempt.mayHaveWritten
    attempt.mayHaveWritten = true
    return send().catch((error: unknown) => {
      if (replyCode(error) !== undefined) attempt.mayHaveWritten = before
      throw error
    })
  }

  async #untilReady(attempt: Attempt): Promise<void> {
    while (!this.commands.isReady()) {
      if (attempt.isOver) throw tooLate()
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        // Given up, it must not be kept until the server is back.
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

function tooLate(): SessionError {
  return new SessionError('unavailable', 'Redis could not be reached in time')
}

/** A reply as a list of texts and numbers, whatever the client makes of bytes. */
function toList(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) return [reply]
  for (let index = 0; index < reply.length; index++) {
    const item: unknown = reply[index]
    if (item instanceof Uint8Array) reply[index] = Buffer.from(item).toString()
    else if (Array.isArray(item)) toList(item)
  }
  return reply as unknown[]
}
