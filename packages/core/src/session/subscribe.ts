import { checkOptions } from '../options.js'
import { decodeMessage, type Message } from '../domain/message.js'
import { onPath } from '../domain/path.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import { pause } from '../async/slices.js'
import { contentsOf, type SessionContents } from './contents.js'
import { isHistoryOver } from './expiry.js'
import { allParts, changedParts, type SessionPart } from './session-parts.js'
import { sharedPage } from './shared-pages.js'
import { snapshotsOf, watchNames, type WatchOptions } from './watch.js'
import {
  decodePlace,
  encodePlace,
  goesOnFrom,
  markOfMessage,
  placeIn,
  type UpdatePlace,
} from './update-place.js'

/** Options of a subscription. */
export interface SubscribeOptions extends WatchOptions {
  /** The `id` of the last update that arrived: what came after it is told (default: the session as it is now). */
  after?: string
}

/**
 * What has changed in a session. Whoever subscribes `after` the `id` of an update misses nothing that came later, in any
 * process.
 */
export type LiveUpdate = { readonly id: string } & (
  | { readonly type: 'message'; readonly message: Message }
  | ({ readonly type: 'turn' } & ToldTurn)
  | SessionNow
  /** Gone, or no longer this handle's. Nothing follows. */
  | { readonly type: 'removed' }
)

interface ToldTurn {
  readonly turnId: string
  readonly status: 'started' | 'settled'
}

/** The session as it is now. */
interface SessionNow {
  /**
   * `changed`: some parts of it, after the messages of the same change. `reset`: nobody knows what the reader has missed,
   * such as after a failover that lost writes. Whatever it holds may be wrong, so it reads history again.
   */
  readonly type: 'changed' | 'reset'
  /** What differs from what was told before, or may differ; empty when times alone do. */
  readonly parts: readonly SessionPart[]
  readonly contents: SessionContents
  /** The turn that runs. */
  readonly turnId?: string
}

/**
 * What has changed in a session, by whatever process, as it changes: messages by their seq, then turns, then the parts
 * that differ. Only as much is read as the caller takes, and of parts only the newest is told.
 */
export async function* subscribeTo(
  live: LiveSession,
  options: SubscribeOptions,
): AsyncGenerator<LiveUpdate, void, undefined> {
  checkOptions<SubscribeOptions>(options, { ...watchNames, after: 'text' })
  const { after, ...watching } = options
  let place = after === undefined ? undefined : decodePlace(after)
  let told: SessionSnapshot | undefined
  for await (const seen of snapshotsOf(live, watching, place)) {
    const { record } = seen
    const isFirst = told === undefined
    const mark =
      place !== undefined && goesOnFrom(place, record)
        ? yield* messagesFrom(live, place, seen, isFirst)
        : undefined
    if (place === undefined || mark === undefined) {
      place = placeIn(record, await newestMark(live, seen))
      const type = isFirst && after === undefined ? 'changed' : 'reset'
      yield { id: encodePlace(place), ...nowOf(type, allParts, seen) }
    } else {
      const id = encodePlace({ ...place, seq: record.lastSeq, mark })
      for (const turn of isFirst ? [] : turnsBetween(told!, seen)) yield { id, type: 'turn', ...turn }
      const isKnown = place.changes === record.changes
      place = placeIn(record, mark)
      const parts = isFirst ? allParts : changedParts(told!, seen)
      if (!isKnown) yield { id: encodePlace(place), ...nowOf('changed', parts, seen) }
    }
    told = seen
  }
  if (watching.signal?.aborted !== true) yield { id: 'end', type: 'removed' }
}

function turnsBetween(before: SessionSnapshot, after: SessionSnapshot): readonly ToldTurn[] {
  const [was, is] = [before.body.turn?.id, after.body.turn?.id]
  if (was === is) return []
  return [
    ...(was === undefined ? [] : [{ turnId: was, status: 'settled' } as const]),
    ...(is === undefined ? [] : [{ turnId: is, status: 'started' } as const]),
  ]
}

function nowOf(
  type: SessionNow['type'],
  parts: readonly SessionPart[],
  snapshot: SessionSnapshot,
): SessionNow {
  const turnId = snapshot.body.turn?.id
  return { type, parts, contents: contentsOf(snapshot), ...(turnId === undefined ? {} : { turnId }) }
}

/**
 * The messages of a snapshot that come after a place.
 *
 * @param checks Whether to look for the message at the place, though none may have come after it.
 * @returns The mark of the newest message; undefined when the log does not go on from the place.
 */
async function* messagesFrom(
  live: LiveSession,
  place: UpdatePlace,
  { record, body }: SessionSnapshot,
  checks: boolean,
): AsyncGenerator<LiveUpdate, string | undefined, undefined> {
  const { lastSeq, trimmedSeq } = record
  let { mark } = place
  if (lastSeq === place.seq && !checks) return mark
  if (checks && place.seq > 0 && place.seq <= trimmedSeq) return undefined
  const isExpired = await isHistoryExpired(live, body)
  // From the message at the place on: after a failover another one may stand there.
  for (let at = Math.max(place.seq - 1, trimmedSeq); at < lastSeq;) {
    const page = await sharedPage(live, at, record)
    // It was trimmed meanwhile.
    if (page[0]?.seq !== at + 1) return undefined
    for (const stored of page) {
      await pause()
      at = stored.seq
      mark = await markOfMessage(stored.id)
      if (at === place.seq && mark !== place.mark) return undefined
      if (at <= place.seq || isExpired || !onPath(body.path, at)) continue
      yield { id: encodePlace({ ...place, seq: at, mark }), type: 'message', message: decodeMessage(stored) }
    }
  }
  return mark
}

async function newestMark(live: LiveSession, { record }: SessionSnapshot): Promise<string> {
  const { lastSeq } = record
  const newest = lastSeq === 0 ? undefined : (await sharedPage(live, lastSeq - 1, record))[0]
  return newest === undefined ? '' : markOfMessage(newest.id)
}

async function isHistoryExpired(
  { service, ref }: LiveSession,
  { turn }: SessionSnapshot['body'],
): Promise<boolean> {
  if (!Number.isFinite(service.ttl.historyMs)) return false
  const { messages } = await service.store.messages(ref, { limit: 1, order: 'desc' })
  return isHistoryOver(service, ref, messages[0], turn)
}
