import { newId, type SessionStore } from '@sessions/core'
import type { StoreCosts } from './coefficients.js'

/** A store on a server that can be asked what it has used. */
export interface MeasuredServer {
  readonly store: SessionStore
  /** Bytes of all data and indexes now. */
  bytes(): Promise<number>
  /** Microseconds of processor that the server has used so far. */
  cpuUs(): Promise<number>
  /** Bytes that the server has written to its log so far. */
  logBytes(): Promise<number>
}

const filled = 300
const clients = 16
const calls = 4000
const warmUps = 500
export const messageBytes = 400

/** Fills the store, calls it, and sees what that took. */
export async function measureStore(server: MeasuredServer): Promise<StoreCosts> {
  const sizes = await sizesOf(async (count, size) => bytesOf(server, count, size))
  const refs = Array.from({ length: 200 }, (_, n) => ({ tenantId: 'capacity-calls', id: `s${n}` }))
  const { store } = server
  for (const ref of refs)
    await store.commit(ref, { revision: 0, body: '{}', messages: messagesOf(20, messageBytes) })
  // Made before: to make texts takes longer than to store them.
  const messages = messagesOf(warmUps + calls, messageBytes)
  const commit = await costOf(server, (n) =>
    store.commit(refs[n % refs.length]!, { messages: [messages[n]!], idleMs: 86_400_000 }),
  )
  const read = await costOf(server, (n) => store.read(refs[n % refs.length]!, { tail: 20 }))
  return {
    ...sizes,
    commitServerUs: commit.serverUs,
    commitClientUs: commit.clientUs,
    readServerUs: read.serverUs,
    readClientUs: read.clientUs,
    logBytes: commit.logBytes,
  }
}

/** What a session, a message and its text take, by what is told of sessions with so many messages of so many bytes. */
export async function sizesOf(bytesOf: (count: number, size: number) => Promise<number>) {
  const few = await bytesOf(2, messageBytes)
  const many = await bytesOf(42, messageBytes)
  const short = await bytesOf(42, 100)
  const perMessage = (many - few) / 40
  const textFactor = (many - short) / (42 * (messageBytes - 100))
  return {
    sessionBytes: few - 2 * perMessage,
    messageBytes: perMessage - textFactor * messageBytes,
    textFactor,
  }
}

/** Bytes of a session with so many messages of so many bytes. */
async function bytesOf(server: MeasuredServer, count: number, size: number): Promise<number> {
  const before = await server.bytes()
  const tenantId = newId()
  for (let n = 0; n < filled; n++) {
    const names = { userId: `user-${n}`, label: 'chat', title: 'What was asked first' }
    await server.store.commit(
      { tenantId, id: newId() },
      { revision: 0, body: JSON.stringify({ cart: [] }), messages: messagesOf(count, size), ...names },
    )
  }
  return ((await server.bytes()) - before) / filled
}

export async function costOf(
  server: Pick<MeasuredServer, 'cpuUs' | 'logBytes'>,
  call: (n: number) => Promise<unknown>,
) {
  for (let n = 0; n < warmUps; n++) await call(n)
  const [cpu, log, own] = [await server.cpuUs(), await server.logBytes(), process.cpuUsage()]
  let next = warmUps
  const client = async (): Promise<void> => {
    while (next < warmUps + calls) await call(next++)
  }
  await Promise.all(Array.from({ length: clients }, client))
  const { user, system } = process.cpuUsage(own)
  return {
    serverUs: ((await server.cpuUs()) - cpu) / calls,
    clientUs: (user + system) / calls,
    logBytes: ((await server.logBytes()) - log) / calls,
  }
}

/** Texts as people write them, so that a server which compresses has as little to gain as usual. */
export function messagesOf(count: number, size: number) {
  return Array.from({ length: count }, () => ({ id: newId(), payload: textOf(size) }))
}

function textOf(size: number): string {
  let text = ''
  while (text.length < size) text += `${newId().slice(0, 2 + (text.length % 7))} `
  return text.slice(0, size)
}
