import type { Identity } from '../domain/identity.js'
import { SessionError } from '../errors.js'

/** Counts the open streams of each caller in this process. */
export class OpenStreams {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /**
   * Counts one more stream of a caller: a user, or the holder of a session.
   *
   * @returns A function to call, once, when the stream has ended.
   * @throws `limit_reached` for one stream too many.
   */
  enter({ tenantId, userId }: Identity, sessionId: string): () => void {
    const key = JSON.stringify(userId === undefined ? [tenantId, null, sessionId] : [tenantId, userId])
    const count = this.#open.get(key) ?? 0
    if (count >= this.#most) {
      throw new SessionError('limit_reached', `At most ${this.#most} streams may be open at once.`, {
        path: 'streams',
        retryAfterMs: 1000,
      })
    }
    this.#open.set(key, count + 1)
    return () => {
      const left = this.#open.get(key)! - 1
      if (left > 0) this.#open.set(key, left)
      else this.#open.delete(key)
    }
  }
}
