import { createHash } from 'node:crypto'
import { type Identity, isJsonObject, type JsonObject, type Sessions } from '@sessions/core'

/**
 * How often each user has called each tool: analytics, so it is counted, and kept, only while the user allows that. The
 * counts of a user are the state of a session of their own, in a tenant that no caller reaches.
 */
export class Usage {
  readonly #sessions: () => Sessions

  /** @param sessions Gives the service, which has to know of this object when it is made. */
  constructor(sessions: () => Sessions) {
    this.#sessions = sessions
  }

  /** Counts a call. Callers without a user are nobody, and are not counted. */
  async count(identity: Identity, tool: string): Promise<void> {
    if (!(await this.#isAllowed(identity))) return
    const counts = await this.#mine(identity.tenantId).open(idOf(identity))
    await counts.state.update((state) => {
      const calls = callsIn(state)
      const before = Object.hasOwn(calls, tool) ? Number(calls[tool]) : 0
      return { ...state, calls: { ...calls, [tool]: before + 1 } }
    })
    // A withdrawal, or an erasure, may have looked for counts before these were there.
    if (!(await this.#isAllowed(identity))) await this.forget(identity)
  }

  /** The calls that are counted of a user, by tool. */
  async of(identity: Identity): Promise<JsonObject> {
    const counts = await this.#mine(identity.tenantId).find(idOf(identity))
    return counts === undefined ? {} : callsIn(await counts.state.get())
  }

  /** Removes the counts of a user. @returns How many calls were counted. */
  async forget(user: Identity): Promise<number> {
    const counts = await this.#mine(user.tenantId).find(idOf(user))
    if (counts === undefined) return 0
    const calls = Object.values(callsIn(await counts.state.get()))
    await counts.delete()
    return calls.reduce<number>((sum, count) => sum + Number(count), 0)
  }

  async #isAllowed({ tenantId, userId }: Identity): Promise<boolean> {
    return userId !== undefined && this.#sessions().consent.allows({ tenantId, userId }, 'analytics')
  }

  #mine(tenantId: string) {
    return this.#sessions().for({ tenantId: `usage-of-${tenantId}`, userId: 'gateway' })
  }
}

function callsIn({ calls }: JsonObject): JsonObject {
  return isJsonObject(calls) ? calls : {}
}

function idOf({ tenantId, userId }: Identity): string {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, userId]))
    .digest('base64url')
}
