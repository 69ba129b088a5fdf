import {
  type CallerSessions,
  isSessionError,
  type SessionInfo,
  type SessionRecord,
  type Sessions,
} from '@sessions/core'

type UsageReport = Awaited<ReturnType<Sessions['usage']>>

/** What a tenant's sessions say together. */
export interface Insights {
  /** The days, in UTC, the oldest first: `2026-03-01`. */
  readonly days: readonly string[]
  /** By day: sessions that began, and users who began one. */
  readonly begun: readonly { readonly day: string; readonly sessions: number; readonly users: number }[]
  readonly sessions: number
  readonly users: number
  /** There are more sessions in this time than were counted. */
  readonly isCut: boolean
  /** Undefined where the application keeps none. */
  readonly usage: UsageReport | undefined
  /** Of the newest sessions: how many came so far. */
  readonly funnel: readonly { readonly step: string; readonly sessions: number }[]
  readonly topics: readonly { readonly word: string; readonly count: number }[]
  /** How many sessions funnel and topics are of. */
  readonly lookedAt: number
}

export const dayMs = 86_400_000
const pageSize = 200
const mostSessions = 2000
// Each is read with its messages.
const mostRead = 60
const mostMessages = 500
const together = 6
const mostTopics = 12

/** @param days How many days it goes back, today included. */
export async function insightsOf(
  {
    sessions,
    mine,
    now,
  }: { readonly sessions: Sessions; readonly mine: CallerSessions; readonly now: number },
  days: number,
): Promise<Insights> {
  const from = Math.floor(now / dayMs) * dayMs - (days - 1) * dayMs
  const names = Array.from({ length: days }, (_, index) => dayOf(from + index * dayMs))
  const { records, isCut } = await activeSince(mine, from)
  const fresh = records.filter(({ createdAt }) => createdAt >= from)
  const begun = names.map((day) => {
    const ofDay = fresh.filter(({ createdAt }) => dayOf(createdAt) === day)
    return { day, sessions: ofDay.length, users: usersOf(ofDay) }
  })
  const infos = await infosOf(mine, records)
  return {
    days: names,
    begun,
    sessions: fresh.length,
    users: usersOf(fresh),
    isCut,
    usage: await usageOf(sessions, mine.identity.tenantId, from),
    funnel: funnelOf(infos),
    topics: topicsOf(infos),
    lookedAt: infos.length,
  }
}

/** The day of a moment, in UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

const usersOf = (records: readonly SessionRecord[]): number =>
  new Set(records.flatMap(({ userId }) => (userId === undefined ? [] : [userId]))).size

/** The sessions that were active since a moment, the last active first. */
async function activeSince(mine: CallerSessions, from: number) {
  const records: SessionRecord[] = []
  let cursor: string | undefined
  do {
    const page = await mine.list({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    const active = page.items.filter(({ activeAt }) => activeAt >= from)
    records.push(...active)
    cursor = active.length < page.items.length ? undefined : page.cursor
  } while (cursor !== undefined && records.length < mostSessions)
  return { records, isCut: cursor !== undefined }
}

async function infosOf(mine: CallerSessions, records: readonly SessionRecord[]): Promise<SessionInfo[]> {
  const read = records
    .filter(({ lastSeq, trimmedSeq }) => lastSeq - trimmedSeq <= mostMessages)
    .slice(0, mostRead)
  const infos: SessionInfo[] = []
  for (let from = 0; from < read.length; from += together) {
    const batch = read.slice(from, from + together).map(async ({ id }) => (await mine.find(id))?.info())
    infos.push(...(await Promise.all(batch)).filter((info) => info !== undefined))
  }
  return infos
}

async function usageOf(sessions: Sessions, tenantId: string, from: number): Promise<UsageReport | undefined> {
  try {
    return await sessions.usage({ tenantId, from, by: ['model'], bucket: 'day' })
  } catch (error) {
    // The application keeps no usage, or a log that only passes it on.
    if (isSessionError(error, 'invalid')) return undefined
    throw error
  }
}

function funnelOf(infos: readonly SessionInfo[]): Insights['funnel'] {
  const of = (step: string, is: (info: SessionInfo) => boolean) => ({
    step,
    sessions: infos.filter(is).length,
  })
  return [
    of('Began', () => true),
    of('Asked something', ({ messages }) => messages.user > 0),
    of('Got an answer', ({ messages }) => messages.user > 0 && messages.assistant > 0),
    of('Filled a cart', ({ cart, orders }) => cart.lines > 0 || orders > 0 || cart.added > 0),
    of('Ordered', ({ orders }) => orders > 0),
  ]
}

function topicsOf(infos: readonly SessionInfo[]): Insights['topics'] {
  const counts = new Map<string, number>()
  for (const { topics } of infos)
    for (const { word, count } of topics) counts.set(word, (counts.get(word) ?? 0) + count)
  return [...counts]
    .toSorted(([one, often], [other, less]) => less - often || (one < other ? -1 : 1))
    .slice(0, mostTopics)
    .map(([word, count]) => ({ word, count }))
}
