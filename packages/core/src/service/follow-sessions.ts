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
// sessions. The last round is one page, which no session passes. Where too many are active for that, the next call goes on.
const maxRounds = 4
// A store says to the minute when a session was active, and shows late what was being committed.
const marginMs = 120_000

/**
 * Visits the sessions of a tenant that were active since the last time. Goes on where a process died over it; any number
 * of processes may do so at once.
 *
 * @returns The sum of what the visits did.
 */
export async function followSessions(service: Service, options: FollowOptions): Promise<number> {
  const { tenantId, ref, visit, pageSize, atMost } = options
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
  for (let rounds = 1; ; rounds++) {
    let isOnePage = round.cursor === undefined
    for (let cursor = round.cursor; ;) {
      const page = await pageFrom(service, { tenantId, limit: pageSize }, cursor)
      const active = page.items.filter(({ activeAt }) => activeAt >= round.since - marginMs)
      for (const record of active) found += await visit(record, done - marginMs)
      if (page.cursor === undefined || active.length < page.items.length) break
      cursor = page.cursor
      isOnePage = false
      await save({ done, round: { ...round, cursor } })
      if (found >= atMost) return found
    }
    if (isOnePage) {
      await save({ done: round.begunAt })
      return found
    }
    round = { begunAt: await readStoreTime(service, tenantId), since: round.begunAt }
    await save({ done, round })
    if (rounds >= maxRounds) return found
  }
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
