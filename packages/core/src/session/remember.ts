import { SessionError } from '../errors.js'
import { type FactInput, toFact } from '../domain/facts.js'
import type { Message } from '../domain/message.js'
import { onPath, readPath } from '../domain/path.js'
import type { Fact } from '../domain/session-body.js'
import type { UserFact } from '../domain/user-fact.js'
import { checkOptions } from '../options.js'
import { refuseWithout } from '../service/consent.js'
import type { LiveSession } from '../service/live-session.js'
import { tellStoreTime } from '../service/store-time.js'
import { addToMemory } from '../service/user-memory.js'
import { expireNow } from './over-histories.js'
import { redactedFacts, rememberFacts } from './facts.js'

/** Where facts are remembered. */
export interface RememberOptions {
  /** In this session, or of its user, for other sessions too (default `session`). */
  scope?: 'session' | 'user'
  /** With the scope `user`: who or what drew the fact, 1 to 100 characters (default `conversation`). */
  source?: string
}

const searched = 50

/** Facts one by one, or a fact or several with where to remember them. */
export type RememberArguments =
  | readonly FactInput[]
  | readonly [facts: FactInput | readonly FactInput[], options: RememberOptions]

/** Remembers facts where the arguments say so. @returns All that is remembered there. */
export async function rememberGiven(live: LiveSession, given: RememberArguments): Promise<readonly Fact[]> {
  const options: unknown = given.at(-1)
  const isScoped = given.length === 2 && isRememberOptions(options)
  if (!isScoped) return rememberFacts(live, given as readonly FactInput[])
  const facts = [given[0]].flat() as readonly FactInput[]
  checkRememberOptions(options)
  return options.scope === 'user' ? rememberOfUser(live, facts, options) : rememberFacts(live, facts)
}

/** Whether an argument says where to remember: it has no text to be remembered. */
function isRememberOptions(value: unknown): value is RememberOptions {
  return typeof value === 'object' && value !== null && !('text' in value) && !Array.isArray(value)
}

function checkRememberOptions(options: RememberOptions): void {
  checkOptions<RememberOptions>(options, { scope: ['session', 'user'], source: 'text' })
  const { source = 'conversation' } = options
  if (source.length < 1 || source.length > 100)
    throw new SessionError('invalid', 'source must be 1 to 100 characters', { path: 'source' })
}

/**
 * Remembers facts of the user whose session it is, for other sessions. Each is drawn from a message of the user, by
 * default the newest one.
 *
 * @throws `invalid`, also for a message of anybody else; `unauthenticated` for a session of nobody; `consent_missing`,
 * `user_erased`
 */
async function rememberOfUser(
  live: LiveSession,
  given: readonly FactInput[],
  { source = 'conversation' }: RememberOptions,
): Promise<readonly UserFact[]> {
  const { service, identity, record } = live
  const { tenantId, userId } = record
  if (userId === undefined)
    throw new SessionError('unauthenticated', 'Nothing is remembered of a user who is not signed in.')
  if (service.store !== service.ledgers) refuseWithout('storage')
  await expireNow(live)
  // Their age decides how long they are remembered, where that is limited.
  const isLimited = service.retentionOf(tenantId).memoryMs !== undefined
  const now = isLimited ? await tellStoreTime(service, tenantId) : service.storeClock.now()
  const made = given.map((fact, index) => toFact(fact, now, `facts[${index}]`))
  const facts: UserFact[] = []
  for (const [index, fact] of (await redactedFacts(service.redaction, made)).entries()) {
    const { seq } = await messageOfUser(live, fact.seq, `facts[${index}].seq`)
    facts.push({ ...fact, seq, sessionId: live.ref.id, source })
  }
  const known = identity.userId === userId ? identity.consents : undefined
  return addToMemory(service, { tenantId, userId }, facts, known)
}

/** The message of the user that a fact is drawn from. @throws `invalid` */
async function messageOfUser(live: LiveSession, seq: number | undefined, path: string): Promise<Message> {
  const { body } = await live.load()
  const { store } = live.service
  const { messages } = live.isStored
    ? seq === undefined
      ? await readPath(store, live.ref, body.path, { limit: searched })
      : await readPath(store, live.ref, body.path, { after: seq - 1, limit: 1 })
    : { messages: [] }
  const found = messages.findLast(({ role, status }) => role === 'user' && status !== 'corrupt')
  const isIt = found !== undefined && (seq === undefined || (found.seq === seq && onPath(body.path, seq)))
  if (isIt) return found
  throw new SessionError('invalid', 'A fact of the user must come from a message of the user.', { path })
}
