import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId, type SessionStore } from '@sessions/core'
import { median } from '../stores/statistics.js'
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

const filled = 500
const longFilled = 100
const clients = 16
const slices = 7
const calls = 3000
const warmUps = 3000
export const messageBytes = 400
export const longMessageBytes = 4000

/** Fills the store, calls it, and sees what that took. */
export async function measureStore(server: MeasuredServer): Promise<StoreCosts> {
  const sizes = await sizesOf(async (count, size) => bytesOf(server, filled, { count, size }))
  const long = await bytesOf(server, longFilled, { count: 42, size: longMessageBytes })
  const refs = Array.from({ length: 200 }, (_, n) => ({ tenantId: 'capacity-calls', id: `s${n}` }))
  const { store } = server
  for (const ref of refs)
    await store.commit(ref, { revision: 0, body: '{}', messages: messagesOf(20, messageBytes) })
  // Made before: to make texts takes longer than to store them.
  const messages = messagesOf(warmUps + slices * calls, messageBytes)
  const commit = await costOf(server, (n) =>
    store.commit(refs[n % refs.length]!, { messages: [messages[n]!], idleMs: 86_400_000 }),
  )
  const read = await costOf(server, (n) => store.read(refs[n % refs.length]!, { tail: 20 }))
  return {
    ...sizes,
    longTextFactor: (long - sizes.sessionBytes - 42 * sizes.messageBytes) / (42 * longMessageBytes),
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

/** Bytes of a session with so many messages of so many bytes: the mean of so many sessions. */
async function bytesOf(
  server: MeasuredServer,
  sessions: number,
  { count, size }: { readonly count: number; readonly size: number },
): Promise<number> {
  const before = await server.bytes()
  const tenantId = newId()
  await inLanes(sessions, async (n) => {
    const names = { userId: `user-${n}`, label: 'chat', title: 'What was asked first' }
    await server.store.commit(
      { tenantId, id: newId() },
      { revision: 0, body: JSON.stringify({ cart: [] }), messages: messagesOf(count, size), ...names },
    )
  })
  return ((await server.bytes()) - before) / sessions
}

/** What a call takes: the median of some slices, for others use this machine, too. */
export async function costOf(
  server: Pick<MeasuredServer, 'cpuUs' | 'logBytes'>,
  call: (n: number) => Promise<unknown>,
) {
  await inLanes(warmUps, call)
  const costs: { serverUs: number; clientUs: number; logBytes: number }[] = []
  for (let slice = 0; slice < slices; slice++) {
    const [cpu, log, own] = [await server.cpuUs(), await server.logBytes(), process.cpuUsage()]
    await inLanes(calls, (n) => call(warmUps + slice * calls + n))
    const { user, system } = process.cpuUsage(own)
    costs.push({
      serverUs: ((await server.cpuUs()) - cpu) / calls,
      clientUs: (user + system) / calls,
      logBytes: ((await server.logBytes()) - log) / calls,
    })
  }
  const medianOf = (name: keyof (typeof costs)[number]) => median(costs.map((cost) => cost[name]))
  return { serverUs: medianOf('serverUs'), clientUs: medianOf('clientUs'), logBytes: medianOf('logBytes') }
}

/** So many calls, as many at once as there are clients. */
async function inLanes(count: number, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: clients }, lane))
}

/** Messages of so many bytes, of English that somebody wrote: a server that compresses has as much to gain as usual. */
export function messagesOf(count: number, size: number) {
  return Array.from({ length: count }, () => ({ id: newId(), payload: textOf(size) }))
}

const docs = join(import.meta.dirname, '../../../../docs')
const prose = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(join(docs, name), 'latin1'))
  .join(' ')
  // One byte for each character.
  .replaceAll(/[^ -~]+/g, ' ')

function textOf(size: number): string {
  const from = Math.floor(Math.random() * (prose.length - size))
  return prose.slice(from, from + size)
}
