import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { Page } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'
import type { Service } from './service.js'
import { readSideRecord, updateSideRecord } from './side-records.js'
import { readStoreTime } from './store-time.js'

/** How far the sessions of a tenant are compared with what is kept of them elsewhere. */
export interface Followed {
  /** What was stored before this, epoch ms, is kept; 0 while the first look is on. */
  readonly done: number
  /** A round that is not done. */
  readonly round?: Round
}

/** A look at all sessions that were active since a moment, the last active first. */
interface Round {
  readonly begunAt: number
  readonly since: number
  /** Where the next page begins. */
  readonly cursor?: string
}

/** How the sessions of a tenant are followed. */
export interface FollowOptions {
  readonly tenantId: string
  /** The side record that says how far it is. */
  readonly ref: SessionRef
  /** How far the first look goes back, in milliseconds. */
  readonly firstMs: number
  /** Sessions that are listed at once. */
  readonly pageSize: number
  /** Where a call ends although there is more, in what `visit` counts. */
  readonly atMost: number
  /** Looks at what a session says since a moment. @returns How much it did. */
  readonly visit: (record: SessionRecord, since: number) => Promise<number>
}

// A session becomes active while a round is on, and is passed over; then the next round finds it, for it looks at fewer
// sessions. The last round is one page, which no session passes, or the second of two that took less than a minute
// together: a session moves in the list once a minute at most. Where too many are active for that, the next call goes on.
const maxRounds = 4
const movesMs = 60_000
// Sessions that a call remembers: what has not changed since it looked is not looked at again.
const maxSeen = 20_000
// A store says to the minute when a session was active, and shows late what was being committed.
const marginMs = 120_000

/** What a call has done. */
export interface FollowResult {
  /** The sum of what the visits did. */
  readonly found: number
  /** Whether it came to all sessions that were active before it began. */
  readonly isAll: boolean
}

/**
 * Visits the sessions of a tenant that were active since the last time. Goes on where a process died over it; any number
 * of processes may do so at once.
 */
export async function followSessions(service: Service, options: FollowOptions): Promise<FollowResult> {
  const { tenantId, ref, pageSize, atMost } = options
  const visit = onceEach(options.visit)
  const now = await readStoreTime(service, tenantId)
  const known = await readFollowed(service, ref)
  const { done, round: begun } = known ?? { done: Math.max(0, now - options.firstMs) }
  const save = async (next: Followed) => {
    // Another process may be further.
    await updateSideRecord<Followed>(service, ref, (before) =>
      before !== undefined && before.done > next.done ? undefined : next,
    )
  }
  let found = 0
  let round: Round = begun ?? { begunAt: now, since: done }
  let wholeSince: number | undefined
  for (let rounds = 1; ; rounds++) {
    const isWhole = round.cursor === undefined
    let isOnePage = round.cursor === undefined
    for (let cursor = round.cursor; ;) {
      const page = await pageFrom(service, { tenantId, limit: pageSize }, cursor)
      const active = page.items.filter(({ activeAt }) => activeAt >= round.since - marginMs)
      for (const record of active) found += await visit(record, done - marginMs)
      if (page.cursor === undefined || active.length < page.items.length) break
      cursor = page.cursor
      isOnePage = false
      await save({ done, round: { ...round, cursor } })
      if (found >= atMost) return { found, isAll: false }
    }
    if (isOnePage) {
      await save({ done: round.begunAt })
      return { found, isAll: true }
    }
    const { begunAt } = round
    round = { begunAt: await readStoreTime(service, tenantId), since: begunAt }
    if (wholeSince !== undefined && round.begunAt - wholeSince < movesMs) {
      await save({ done: wholeSince })
      return { found, isAll: true }
    }
    wholeSince = isWhole ? begunAt : undefined
    await save({ done, round })
    if (rounds >= maxRounds) return { found, isAll: false }
  }
}

/** Visits of a call: a session that is listed again as it was is not visited again. */
function onceEach(visit: FollowOptions['visit']): FollowOptions['visit'] {
  const seen = new Map<string, number>()
  return async (record, since) => {
    const { incarnation, changes } = record
    if (seen.get(incarnation) === changes) return 0
    if (seen.size === maxSeen) seen.clear()
    seen.set(incarnation, changes)
    return visit(record, since)
  }
}

/** Has the next look go back to a moment, if it would not. */
export async function lookAgain(service: Service, ref: SessionRef, since: number): Promise<void> {
  await updateSideRecord<Followed>(service, ref, (before) =>
    before === undefined || before.done < since ? undefined : { done: since },
  )
}

/** How far it is; undefined before the first look. */
export async function readFollowed(service: Service, ref: SessionRef): Promise<Followed | undefined> {
  return (await readSideRecord<Followed>(service, ref))?.value
}

async function pageFrom(
  { store }: Service,
  query: { readonly tenantId: string; readonly limit: number },
  cursor: string | undefined,
): Promise<Page<SessionRecord>> {
  if (cursor === undefined) return store.list(query)
  try {
    return await store.list({ ...query, cursor })
  } catch (error) {
    // The sessions have moved to a store that begins again.
    if (isSessionError(error, 'invalid')) return store.list(query)
    throw error
  }
}
