import { recordOf } from '../audit/access.js'
import { type Message, textOf } from '../domain/message.js'
import type { Identity } from '../domain/identity.js'
import { isAdmin } from '../domain/identity.js'
import type { FoundMessage, FoundSession, SearchOptions, SearchPage } from '../domain/search.js'
import { checkAdminExport, listedRecord } from '../session/admin-reads.js'
import type { Service } from '../service/service.js'
import { inSlices, pause } from '../async/slices.js'
import { type Find, findTitle } from './find.js'
import { indexed, indexOf } from './indexed.js'
import { behindSession, type Candidate, type Candidates, scan } from './scan.js'
import { excerptOf } from './excerpt.js'
import { parseSearch, parseSearchCursor, type Searched, toSearchCursor } from './searched.js'

type Place = Candidate['place']

interface Source {
  readonly kind: string
  readonly isComplete: boolean
  readonly newest: (searched: Searched, after: Place | undefined, limit: number) => Promise<Candidates>
}

// Of these the best come first. To put all of a large tenant in order would take seconds.
const windowSize = 1000
// How often an index is asked again when what it proposed is gone.
const maxRounds = 5
const together = 8

/** Messages of the caller that have all words of a text. @throws `invalid`, `forbidden`, `unavailable` */
export async function searchMessages(
  service: Service,
  identity: Identity,
  options: SearchOptions,
): Promise<SearchPage<FoundMessage>> {
  await pause()
  const searched = parseSearch(identity, options, 'messages')
  if (searched === undefined) return nothing
  const source = await sourceFor(service, searched)
  const kind = `messages of ${source.kind}`
  if (searched.order === 'rank') {
    const inOrder = (items: readonly Candidate[]) => items.toSorted((one, other) => other.score - one.score)
    return windowed(
      service,
      searched,
      { source, kind, cursor: options.cursor },
      inOrder,
      async (candidate) => {
        const find = await candidate.read()
        return find?.message === undefined ? undefined : foundOf(find, find.message, searched)
      },
    )
  }
  let after = await placeOf(service, kind, searched, options.cursor)
  const items: FoundMessage[] = []
  for (let round = 0; round < maxRounds; round++) {
    const { items: proposed, next } = await source.newest(
      searched,
      after as Place,
      searched.limit - items.length,
    )
    after = next
    for (const find of await readAll(proposed))
      if (find.message !== undefined) items.push(await foundOf(find, find.message, searched))
    if (next === undefined || items.length === searched.limit || source.kind === 'scan') break
  }
  const cursor = after === undefined ? {} : { cursor: await toSearchCursor(service, kind, searched, after) }
  return { items, ...cursor, complete: source.isComplete }
}

/** Sessions of the caller of which a message, or the title, has all words of a text. @throws as `searchMessages` */
export async function searchSessions(
  service: Service,
  identity: Identity,
  options: SearchOptions,
): Promise<SearchPage<FoundSession>> {
  await pause()
  const searched = parseSearch(identity, options, 'sessions')
  if (searched === undefined) return nothing
  const source = await sourceFor(service, searched)
  const { order, words } = searched
  const groups = (items: readonly Candidate[]) => {
    const bySession = new Map<string, Candidate[]>()
    for (const item of items) {
      const group = bySession.get(item.sessionId)
      if (group === undefined) bySession.set(item.sessionId, [item])
      else group.push(item)
    }
    const all = [...bySession.values()].map((group) => ({
      place: [group[0]!.sessionId],
      best: order === 'rank' ? group.toSorted((one, other) => other.score - one.score) : group,
      score: group.reduce((sum, { score }) => sum + score, 0),
    }))
    return order === 'rank' ? all.toSorted((one, other) => other.score - one.score) : all
  }
  const terms = { source, kind: `sessions of ${source.kind}`, cursor: options.cursor }
  return windowed(service, searched, terms, groups, async ({ best }) => {
    const said = best.filter(({ isTitle }) => !isTitle)
    let found: Find | undefined
    for (const candidate of [...said.slice(0, maxRounds), ...best.filter(({ isTitle }) => isTitle)]) {
      found = await candidate.read()
      if (found !== undefined) break
    }
    if (found === undefined) return undefined
    const { record, message } = found
    const titled = await findTitle({ record }, searched)
    return {
      session: listedRecord(service, identity, record),
      count: message === undefined ? 0 : said.length,
      ...(message === undefined ? {} : { best: await foundOf(found, message, searched) }),
      ...(titled === undefined ? {} : { title: await inSlices(excerptOf(record.title!, words)) }),
    }
  })
}

const nothing = { items: [], complete: true } as const

/** An index, where there is one that has the words; else a look at the messages themselves. */
async function sourceFor(service: Service, searched: Searched): Promise<Source> {
  const { identity, tenantId, userId, sessionId } = searched
  if (isAdmin(identity) && (userId === undefined || userId !== identity.userId)) {
    checkAdminExport(service, identity, userId)
    const subject = userId === undefined ? undefined : { tenantId, userId }
    await recordOf(service, identity, {
      action: 'admin.search',
      subject,
      ...(sessionId === undefined ? {} : { sessionId }),
    })
  }
  const index = searched.words.isLiteral ? undefined : indexOf(service)
  if (index !== undefined) return indexed(index, searched)
  return {
    kind: 'scan',
    isComplete: true,
    newest: async (of, after, limit) => scan(service, of, after, limit),
  }
}

/** When the first page was read, how much of a window was seen, the last of that, and where the window begins. */
type Seen = readonly [end: number, count: number, last: Place | null, after?: Place | undefined]

/**
 * A page of the newest candidates after they were put in another order. The same candidates are found again for each
 * page: none that came since the first one. A scan in the order of time goes on behind them, session by session; other
 * pages end there, and say so.
 */
async function windowed<Item extends { readonly place: Place }, Found>(
  service: Service,
  searched: Searched,
  {
    source,
    kind,
    cursor,
  }: { readonly source: Source; readonly kind: string; readonly cursor?: string | undefined },
  inOrder: (items: readonly Candidate[]) => readonly Item[],
  read: (item: Item) => Promise<Found | undefined>,
): Promise<SearchPage<Found>> {
  const seen = (await placeOf(service, kind, searched, cursor)) as Seen | undefined
  const to = Math.min(searched.to, seen?.[0] ?? searched.to)
  // JSON has no undefined.
  const after = seen?.[3] ?? undefined
  const window = await source.newest({ ...searched, to }, after, windowSize)
  const goesOn = window.next !== undefined && source.kind === 'scan' && searched.order === 'new'
  // Behind this window there may be messages that are newer than all in it: sessions come by their activity.
  const end = seen?.[0] ?? (goesOn ? to : Math.min(to, Math.max(0, ...window.items.map(({ at }) => at)) + 1))
  const sorted = inOrder(window.items)
  let at = 0
  if (seen !== undefined && seen[2] !== null) {
    const last = JSON.stringify(seen[2])
    const known = sorted.findIndex(({ place }) => JSON.stringify(place) === last)
    // What stood there is gone: as many come before it.
    at = known < 0 ? seen[1] : known + 1
  }
  const items: Found[] = []
  let looks = searched.limit * maxRounds
  while (at < sorted.length && items.length < searched.limit && looks > 0) {
    const batch = sorted.slice(at, at + Math.min(together, searched.limit - items.length, looks))
    const found = await Promise.all(batch.map(async (item) => read(item)))
    items.push(...found.filter((one) => one !== undefined))
    at += batch.length
    looks -= batch.length
  }
  const complete = source.isComplete && (window.next === undefined || goesOn)
  if (at >= sorted.length && !goesOn) return { items, complete }
  const place: Seen =
    at < sorted.length ? [end, at, sorted[at - 1]!.place, after] : [end, 0, null, nextWindow(window)]
  return { items, cursor: await toSearchCursor(service, kind, searched, place), complete }
}

/** A session of which something was found is not shown once more for the rest of it. */
function nextWindow({ items, next }: Candidates): Place {
  const isShown = items.some(({ sessionId }) => sessionId === next![1])
  return isShown ? behindSession(next!) : next!
}

async function placeOf(
  service: Service,
  kind: string,
  searched: Searched,
  cursor: string | undefined,
): Promise<unknown> {
  return cursor === undefined ? undefined : parseSearchCursor(service, kind, searched, cursor)
}

async function readAll(candidates: readonly Candidate[]): Promise<readonly Find[]> {
  const found: Find[] = []
  for (let from = 0; from < candidates.length; from += together) {
    const batch = await Promise.all(
      candidates.slice(from, from + together).map((candidate) => candidate.read()),
    )
    found.push(...batch.filter((find) => find !== undefined))
  }
  return found
}

async function foundOf({ record, at }: Find, message: Message, { words }: Searched): Promise<FoundMessage> {
  const { id: messageId, seq, role } = message
  const excerpt = await inSlices(excerptOf(textOf(message), words))
  return { sessionId: record.id, messageId, seq, role, at, excerpt }
}
