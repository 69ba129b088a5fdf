import { addToCart, type CartItemInput, emptyCart } from '../domain/cart.js'
import { isSessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { newId } from '../ids.js'
import { repeatUnknown, UnknownOutcomes } from './unknown-outcome.js'
import { byteLength, type JsonObject, parseJsonObject } from '../json.js'
import type { SessionSnapshot } from './session-snapshot.js'
import { encodeCopy, type Message, type MessageInput } from '../domain/message.js'
import { parseTitle } from '../parse.js'
import type { OptionNames } from '../options.js'
import { processRegistry } from '../process-registry.js'
import { decodeBody, encodeBody, newBody, type SessionBody } from '../domain/session-body.js'
import { encodeMessages } from './encode-messages.js'
import { deadlineOf, lifetimeOf, type SessionTtl, toOwnLifetime } from './lifetime.js'
import type { Service } from './service.js'
import { takeSlots } from './session-slots.js'
import { forgetPreferencesOf } from './forget-preferences.js'
import { roomOf } from './room.js'
import { refuseBefore, refuseErased } from './user-record.js'
import { maxPageBytes } from '../contract/page-bytes.js'
import type { NewMessage, SessionChange } from '../contract/session-store.js'
import type { OwnLifetime, SessionRecord, SessionRef } from '../contract/session-record.js'
import { pause } from '../async/slices.js'

/** The first content of a session. */
export interface SessionInit {
  /** At most 200 characters (default: none). */
  title?: string
  /** What kind of session it is, for `list`; at most 200 characters (default: none). */
  label?: string
  /** The first state (default: an empty object). */
  state?: JsonObject
  /** The first preferences (default: an empty object). */
  preferences?: JsonObject
  /** The first items of the cart (default: none). */
  cart?: readonly CartItemInput[]
  /** How long it lives (default: as long as the service says). */
  ttl?: SessionTtl
  /** The first messages (default: none). */
  messages?: readonly MessageInput[]
}

export const initNames: OptionNames<SessionInit> = {
  title: true,
  label: true,
  state: true,
  preferences: true,
  cart: 'list',
  ttl: true,
  messages: 'list',
}

// By the identity of a caller, which each caller's sessions have as an object of their own.
const newcomers = processRegistry<Identity, Storing>('newcomers')

/** What is called around the storing of a caller's new session. */
export interface Storing {
  /** When it throws, none is stored. */
  readonly before: () => void
  /** Told why none was stored. */
  readonly refused: (why: unknown) => void
}

/** Calls this around the storing of each new session of the caller. */
export function aroundStoring(identity: Identity, storing: Storing): void {
  newcomers.set(identity, storing)
}

export interface NewSession {
  readonly ref: SessionRef
  /** A new id for the next try, when the creation has to be tried again. */
  readonly incarnation: string
  readonly init?: SessionInit
  /** Default: the one that `init` describes. */
  readonly lifetime?: OwnLifetime | undefined
  /** Default: the body that `init` describes. */
  readonly body?: SessionBody
  /** Messages of another session, with their ids and times. */
  readonly copied?: readonly Message[]
}

// As many as one page of messages holds.
const maxPageMessages = 1000

// How long a session is kept whose messages are not complete yet.
const unfinishedMs = 60_000
// A deadline can be moved, but not removed: one that was unfinished, and is kept until it is deleted, ends in a century.
const centuryMs = 36_525 * 86_400_000

/**
 * Stores a new session of the caller and admits it under the limits. That is one commit; more messages than fit one
 * page take several commits, and until the last one the session has no owner and ends within a minute.
 *
 * @throws `conflict` when the id is taken, `limit_reached`, `too_large`, `invalid`, `user_erased`
 */
export async function storeNewSession(
  service: Service,
  identity: Identity,
  made: NewSession,
): Promise<SessionSnapshot> {
  // Hundreds may create one each in one turn of the event loop.
  await pause()
  const storing = newcomers.get(identity)
  storing?.before()
  try {
    return await storeNew(service, identity, made)
  } catch (error) {
    storing?.refused(error)
    throw error
  }
}

async function storeNew(service: Service, identity: Identity, made: NewSession): Promise<SessionSnapshot> {
  const { ref, incarnation, init = {}, copied = [] } = made
  const { limits, emit, redaction } = service
  const body = made.body ?? (await redactedBody(service, initialBody(init)))
  const lifetime = made.lifetime ?? (init.ttl === undefined ? undefined : toOwnLifetime(init.ttl, 'ttl'))
  const deadline = deadlineOf(lifetimeOf(service, lifetime === undefined ? {} : { lifetime }))
  const { userId } = identity
  const title = init.title === undefined ? undefined : parseTitle(init.title)
  const begun = await encodeMessages(service, init.messages ?? [])
  const all = pagesOf(copied, begun)
  let messages = await nextPage(all)
  // A copy is as long as its source, which an answer may have taken past its limits.
  const room = copied.length > 0 ? {} : roomOf(service)
  const first = { revision: 0, incarnation, body: encodeBody(body, limits.maxSessionLength), ...room }
  const last = {
    ...deadline,
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(userId === undefined ? {} : { userId }),
    ...(title === undefined ? {} : { title: (await redaction?.title(title, 'title')) ?? title }),
    ...(init.label === undefined ? {} : { label: parseTitle(init.label, 'label') }),
  }
  let next = await nextPage(all)
  await refuseBefore(service, identity)
  const unfinished = { idleMs: unfinishedMs }
  const isEndless = next !== undefined && Object.keys(deadline).length === 0
  // A lifetime of its own goes before what a commit says.
  const own = lifetime === undefined ? {} : { lifetime: { ...lifetime, idleMs: centuryMs } }
  const ending = isEndless ? { ...last, ...own, idleMs: centuryMs } : last
  let seen = await create(
    service,
    ref,
    { ...first, messages: messages ?? [], ...(next === undefined ? ending : unfinished) },
    body,
  )
  try {
    while (next !== undefined) {
      messages = next
      next = await nextPage(all)
      const change = {
        incarnation: seen.record.incarnation,
        messages,
        ...room,
        ...(next === undefined ? ending : unfinished),
      }
      seen = { record: await append(service, ref, change), body }
    }
  } catch (error) {
    // If this removal does not reach the store, the session's short deadline removes it.
    await service.store.remove(ref, { incarnation: seen.record.incarnation }).catch(() => undefined)
    throw error
  }
  service.storeClock.learn(seen.record.updatedAt)
  await takeSlots(service, seen.record)
  if (!(await refuseErased(service, seen.record)) && Object.keys(body.preferences).length > 0) {
    await forgetPreferencesOf(service, seen.record)
  }
  emit('session.created', seen.record, {}, identity)
  return seen
}

/**
 * Commits a creating change. When its answer got lost, it sends the commit again, which also lets a store finish its
 * indexes. A conflict then may come from the session of an earlier try, which other callers may have changed since. If
 * that session was deleted meanwhile, the next try creates another session, with another incarnation.
 */
async function create(
  { store }: Service,
  ref: SessionRef,
  change: SessionChange & { incarnation: string },
  body: SessionBody,
): Promise<SessionSnapshot> {
  const lost = new UnknownOutcomes()
  const tried = new Set<string>()
  for (;;) {
    const incarnation = tried.size === 0 ? change.incarnation : newId()
    tried.add(incarnation)
    try {
      return { record: (await store.commit(ref, { ...change, incarnation })).record, body }
    } catch (error) {
      if (lost.mayRepeat(error)) continue
      const isTaken = isSessionError(error, 'conflict') && error.messageId === undefined
      if (!lost.any || !isTaken) throw lost.told(error)
      const stored = await store.read(ref).catch((outage: unknown) => {
        throw lost.told(outage)
      })
      if (stored === undefined || !tried.has(stored.record.incarnation)) throw error
      return { record: stored.record, body: decodeBody(stored.body) }
    }
  }
}

async function append({ store }: Service, ref: SessionRef, change: SessionChange): Promise<SessionRecord> {
  // The message ids make a repeat harmless, whether or not the first try was applied.
  return (await repeatUnknown(() => store.commit(ref, change))).record
}

/** The next page; undefined when there is none. */
async function nextPage(
  pages: Generator<NewMessage[] | void, void, void>,
): Promise<NewMessage[] | undefined> {
  for (;;) {
    const { done, value } = pages.next()
    if (done === true || value !== undefined) return value ?? undefined
    await pause()
  }
}

/**
 * Messages in groups of one commit each: as many as fit a page; and nothing after each message that is encoded. Each group
 * is encoded only when it is sent.
 */
function* pagesOf(
  copied: readonly Message[],
  begun: readonly NewMessage[],
): Generator<NewMessage[] | void, void, void> {
  let page: NewMessage[] = []
  let bytes = 0
  for (const each of [...copied, ...begun]) {
    const message = 'payload' in each ? each : encodeCopy(each)
    const size = byteLength(message.payload)
    if (page.length > 0 && (bytes + size > maxPageBytes || page.length === maxPageMessages)) {
      yield page
      page = []
      bytes = 0
    }
    page.push(message)
    bytes += size
    yield
  }
  yield page
}

async function redactedBody({ redaction }: Service, body: SessionBody): Promise<SessionBody> {
  return redaction === undefined ? body : redaction.body(body)
}

function initialBody(init: SessionInit): SessionBody {
  const cart = (init.cart ?? []).reduce(
    (so, item, index) => addToCart(so, item, Date.now(), `cart[${index}]`),
    emptyCart,
  )
  return newBody({
    cart,
    state: parseJsonObject(init.state ?? {}, 'state'),
    preferences: parseJsonObject(init.preferences ?? {}, 'preferences'),
  })
}
