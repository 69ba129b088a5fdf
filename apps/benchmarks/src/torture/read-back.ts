import { createSessions, type SessionStore, textOf } from '@sessions/core'
import { isSessionError, type StoredMessage } from '@sessions/core/store'
import { labels } from './lane/change.js'
import { tenants } from './lane/lane.js'
import { countsIn } from './lane/shop.js'
import type { Operation } from './operation.js'
import type { Snapshot } from './snapshot.js'

export interface ReadBack {
  readonly snapshots: readonly Snapshot[]
  /** Sessions that exist and are in no list. */
  readonly unlisted: readonly string[]
  /** Sessions that are listed under a tenant they do not belong to. */
  readonly mislisted: readonly string[]
}

/** Every session, by name and by list, read from the store itself. */
export async function readBack(store: SessionStore, operations: readonly Operation[]): Promise<ReadBack> {
  const mislisted: string[] = []
  const snapshots: Snapshot[] = []
  const unlisted: string[] = []
  for (const tenantId of tenants) {
    const listed = new Set<string>()
    for await (const record of listAll(store, { tenantId })) {
      if (record.tenantId !== tenantId) mislisted.push(`${tenantId} lists ${record.tenantId}/${record.id}`)
      listed.add(record.id)
    }
    const labelled = new Map<string, string>()
    for (const label of labels) {
      for await (const { id } of listAll(store, { tenantId, label })) {
        if (labelled.has(id)) mislisted.push(`${tenantId} lists ${id} under two labels`)
        labelled.set(id, label)
      }
    }
    const named = operations.filter((one) => one.tenantId === tenantId).map(({ sessionId }) => sessionId)
    for (const sessionId of new Set([...named, ...listed])) {
      const snapshot = await take(store, tenantId, sessionId)
      if (snapshot === undefined) continue
      snapshots.push(snapshot)
      if (!listed.has(sessionId)) unlisted.push(`${tenantId}/${sessionId}`)
      if (labelled.get(sessionId) !== snapshot.label) {
        mislisted.push(
          `${tenantId} lists ${sessionId} under ${labelled.get(sessionId)}, and it is ${snapshot.label}`,
        )
      }
    }
  }
  return { snapshots, unlisted, mislisted }
}

async function* listAll(store: SessionStore, query: { tenantId: string; label?: string }) {
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, limit: 200, ...(cursor === undefined ? {} : { cursor }) })
    yield* page.items
    cursor = page.cursor
  } while (cursor !== undefined)
}

async function take(store: SessionStore, tenantId: string, sessionId: string): Promise<Snapshot | undefined> {
  const ref = { tenantId, id: sessionId }
  const stored = await store.read(ref)
  if (stored === undefined) return undefined
  const { record, body } = stored
  const session = await createSessions({ store, credentialSecrets: ['read-back-read-back-read-back-read'] })
    .for({ tenantId, roles: ['admin'] })
    .get(sessionId)
  const cart = await session.cart.get()
  const preferences = await session.preferences.get()
  const { total, counts } = countsIn(await session.state.get())
  const pieces = cart.items.map(({ sku, quantity }) => [sku, quantity] as const)
  const own = pieces.filter(([sku]) => sku.startsWith('own-'))
  const forkedFrom = lineageIn(body)
  return {
    tenantId,
    sessionId,
    incarnation: record.incarnation,
    ...(record.label === undefined ? {} : { label: record.label }),
    lastSeq: record.lastSeq,
    trimmedSeq: record.trimmedSeq,
    messages: await messagesOf(store, ref),
    body,
    cart: sums(pieces.filter(([sku]) => !sku.startsWith('own-'))),
    registers: { ...(preferences as Record<string, string>), ...sums(own) },
    total,
    counts,
    active: (await session.allMessages()).map(({ seq }) => seq),
    ...(forkedFrom === undefined ? {} : { forkedFrom }),
  }
}

async function messagesOf(store: SessionStore, ref: { tenantId: string; id: string }) {
  const messages: Snapshot['messages'][number][] = []
  for (let after = 0, more = true; more;) {
    const page = await store.messages(ref, { after, limit: 1000 })
    messages.push(...page.messages.map(toSnapshotMessage))
    after = page.messages.at(-1)?.seq ?? after
    ;({ more } = page)
  }
  return messages
}

function toSnapshotMessage({ seq, id, payload }: StoredMessage): Snapshot['messages'][number] {
  const { content, id: copyOf } = fieldsIn(payload)
  return { seq, id, payload, text: content === undefined ? undefined : textOf({ content }), copyOf }
}

// Read without the code under test, which would hide what it cannot read.
function fieldsIn(payload: string): { content?: string; id?: string } {
  try {
    return JSON.parse(payload) as { content: string; id?: string }
  } catch {
    return {}
  }
}

function lineageIn(body: string): string | undefined {
  return (JSON.parse(body) as { lineage?: { sessionId: string } }).lineage?.sessionId
}

function sums(pieces: readonly (readonly [sku: string, quantity: number])[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const [sku, quantity] of pieces) found[sku] = (found[sku] ?? 0) + quantity
  return found
}

/** Reads that fail only because the server has just come back are tried again. */
export async function untilReadable<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      // A list mends what it finds, and its answer may get lost as that of a write.
      const isAway = isSessionError(error, 'unavailable') || isSessionError(error, 'unknown_outcome')
      if (!isAway || attempt >= 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
