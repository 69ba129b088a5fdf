import type { Appended, Contender, Standing, View } from '../contender.js'
import { absoluteMs, body, idleMs, nextMessage, tenantId } from '../workload.js'

type Message = View['messages'][number]

interface Kept {
  changes: number
  bytes: number
  readonly createdAt: number
  updatedAt: number
  activeAt: number
  expiresAt: number
  readonly messages: Message[]
  readonly byId: Map<string, Message>
}

/** A map in memory, written by hand: no bounds, no eviction, no lists. */
export function rawMemory(): Contender {
  const sessions = new Map<string, Kept>()
  const keyOf = (id: string) => JSON.stringify([tenantId, id])

  function live(id: string, now: number): Kept | undefined {
    const session = sessions.get(keyOf(id))
    return session === undefined || session.expiresAt <= now ? undefined : session
  }

  async function append(
    id: string,
    { id: messageId, payload }: { id: string; payload: string },
  ): Promise<Appended> {
    const now = Date.now()
    const session = live(id, now)
    if (session === undefined) throw new Error('not_found')
    const known = session.byId.get(messageId)
    if (known !== undefined) {
      if (known.payload !== payload) throw new Error('conflict')
      return { seq: known.seq, ...standing(session) }
    }
    const message = { seq: session.messages.length + 1, id: messageId, at: now, payload }
    session.messages.push(message)
    session.byId.set(messageId, message)
    session.changes++
    session.bytes += Buffer.byteLength(payload)
    session.updatedAt = now
    if (now - session.activeAt >= 60_000) session.activeAt = now
    session.expiresAt = Math.min(now + idleMs, session.createdAt + absoluteMs)
    return { seq: message.seq, ...standing(session) }
  }

  return {
    append,

    async prepare(ids, history) {
      for (const id of ids) {
        const now = Date.now()
        const times = { createdAt: now, updatedAt: now, activeAt: now, expiresAt: now + idleMs }
        sessions.set(keyOf(id), { ...times, changes: 1, bytes: 0, messages: [], byId: new Map() })
        for (let left = history; left > 0; left--) await append(id, nextMessage())
      }
    },

    async read(id, tail) {
      const session = live(id, Date.now())
      if (session === undefined) return undefined
      const messages = tail === 0 ? [] : session.messages.slice(-tail).map((message) => ({ ...message }))
      return { ...standing(session), body, messages }
    },

    async remove(ids) {
      for (const id of ids) sessions.delete(keyOf(id))
    },

    async close() {
      sessions.clear()
    },
  }
}

function standing({ messages, changes, bytes, createdAt, updatedAt, activeAt, expiresAt }: Kept): Standing {
  return { lastSeq: messages.length, revision: 1, changes, bytes, createdAt, updatedAt, activeAt, expiresAt }
}
