import { memoryStore, newId, type SessionRef, type SessionStore } from '@sessions/core'
import type { SessionCache } from '@sessions/core/store'
import { tieredStore } from '@sessions/store-tiered'
import type { CopyCosts } from './coefficients.js'
import { costOf, type MeasuredServer, messageBytes, messagesOf, sizesOf } from './measure-store.js'

type Cache = Pick<MeasuredServer, 'bytes' | 'cpuUs'>

const [filled, tail] = [200, 20]
const old = { tail: 100, maxAgeMs: 60_000 }
const hot = { maxBytes: 1024 ** 3 }
// Too little for any session.
const nothing = { maxBytes: 1 }

/** Copies in the memory of the process: their bytes are those that count towards `maxBytes`. */
export async function measureMemoryCopies(): Promise<CopyCosts> {
  const store = tieredStore(memoryStore(), { hot })
  const asleep = { cpuUs: async () => 0, bytes: async () => store.stats().bytes }
  const [sizes, read] = [
    await sizesOf(async (count, size) => bytesOf(asleep, store, count, size)),
    await readCost(asleep, store, store),
  ]
  if (store.stats().hits < store.stats().misses)
    throw new Error('The store has answered the reads, not its copies.')
  await store.close()
  return { ...sizes, readServerUs: 0, readClientUs: read.clientUs, commitServerUs: 0, commitClientUs: 0 }
}

/** Copies in a cache that processes share, before a store in memory, which takes nearly nothing itself. */
export async function measureSharedCopies(warm: SessionCache, cache: Cache): Promise<CopyCosts> {
  const last = memoryStore()
  const writer = tieredStore(last, { hot: nothing, warm })
  const reader = tieredStore(last, { hot: nothing, warm })
  const [sizes, read] = [
    await sizesOf(async (count, size) => bytesOf(cache, writer, count, size)),
    await readCost(cache, writer, reader),
  ]
  const { warmHits, misses } = reader.stats()
  if (warmHits < misses / 2) throw new Error('The store has answered the reads, not the cache.')
  const [alone, behind] = [await commitCost(cache, last), await commitCost(cache, writer)]
  await Promise.all([writer.close(), reader.close()])
  return {
    ...sizes,
    readServerUs: read.serverUs,
    readClientUs: read.clientUs,
    commitServerUs: behind.serverUs - alone.serverUs,
    commitClientUs: behind.clientUs - alone.clientUs,
  }
}

/** Bytes of the copy of a session with so many messages of so many bytes. */
async function bytesOf(cache: Cache, store: SessionStore, count: number, size: number): Promise<number> {
  const refs = await fill(store, count, size)
  const before = await cache.bytes()
  for (const ref of refs) await store.read(ref, old)
  return ((await cache.bytes()) - before) / filled
}

async function readCost(cache: Cache, writer: SessionStore, reader: SessionStore) {
  const refs = await fill(writer, tail, messageBytes)
  for (const ref of refs) await writer.read(ref, old)
  return costOf(noLog(cache), async (n) => reader.read(refs[n % filled]!, { tail, maxAgeMs: old.maxAgeMs }))
}

async function commitCost(cache: Cache, store: SessionStore) {
  const refs = await fill(store, tail, messageBytes)
  return costOf(noLog(cache), async (n) =>
    store.commit(refs[n % filled]!, { messages: messagesOf(1, messageBytes), idleMs: 86_400_000 }),
  )
}

const noLog = (cache: Cache) => ({ ...cache, logBytes: async () => 0 })

async function fill(store: SessionStore, count: number, size: number): Promise<readonly SessionRef[]> {
  const tenantId = newId()
  const refs = Array.from({ length: filled }, () => ({ tenantId, id: newId() }))
  for (const ref of refs) {
    const messages = messagesOf(count, size)
    const names = { userId: ref.id, label: 'chat', title: 'What was asked first' }
    await store.commit(ref, { revision: 0, body: JSON.stringify({ cart: [] }), messages, ...names })
  }
  return refs
}
