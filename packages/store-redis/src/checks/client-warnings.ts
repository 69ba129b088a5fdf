import { attempt } from '../calls/attempt.js'
import { clientProblems } from '../commands/client-problems.js'
import { toPlain } from '../calls/plain-reply.js'
import type { RedisCalls } from '../calls/redis-calls.js'
import { isAway, replyCode } from '../calls/redis-error.js'

const timeoutMs = 1000

/**
 * Warns once of a client or a server that is unsafe for sessions. It asks the server by itself, and no call waits for
 * it.
 */
export class ClientWarnings {
  readonly #calls: RedisCalls
  readonly #warn: (message: string) => void
  #isPolicyKnown = false

  constructor(calls: RedisCalls, warn: (message: string) => void) {
    this.#calls = calls
    this.#warn = warn
    for (const { message } of clientProblems(calls.commands)) {
      warn(`Redis: ${message}, or make the client by createRedisClient of '@sessions/store-redis/client'.`)
    }
  }

  /** Called after each call that came back. The first time it asks the server whether it may throw sessions away. */
  checkPolicy(): void {
    if (this.#isPolicyKnown) return
    this.#isPolicyKnown = true
    this.#policy().then(
      (policy) => {
        if (policy === undefined || policy === 'noeviction') return
        this.#warn(
          `Redis has maxmemory-policy ${policy}: when memory is full it throws live sessions away. Set it to noeviction.`,
        )
      },
      (error: unknown) => {
        if (isAway(error)) {
          // The next call asks again.
          this.#isPolicyKnown = false
          return
        }
        this.#warn(
          'Could not ask Redis for its maxmemory-policy. Make sure that it is noeviction: any other throws live sessions away.',
        )
      },
    )
  }

  async #policy(): Promise<string | undefined> {
    const { ask } = this.#calls.commands
    if (ask === undefined) return undefined
    const send = (command: readonly string[]) => attempt(timeoutMs, () => ask(command))
    try {
      return policyIn(await send(['CONFIG', 'GET', 'maxmemory-policy']))
    } catch (error) {
      if (replyCode(causeOf(error)) === undefined) throw causeOf(error)
      return send(['INFO', 'memory']).then(policyIn, (refused: unknown) => {
        throw causeOf(refused)
      })
    }
  }
}

// The reply is a list, a map or a text, which depends on the command and the protocol.
function policyIn(reply: unknown): string | undefined {
  const plain = toPlain(reply)
  const text = typeof plain === 'string' ? plain : JSON.stringify(plain)
  return /\b(?:noeviction|(?:allkeys|volatile)-[a-z]+)\b/.exec(text)?.[0]
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}
