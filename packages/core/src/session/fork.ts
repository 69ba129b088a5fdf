import { checkNames, checkOptions } from '../options.js'
import { SessionError } from '../errors.js'
import { newId, parseId } from '../ids.js'
import { byteLength } from '../json.js'
import type { Identity } from '../domain/identity.js'
import { type Lineage, newBody, rootIdOf } from '../domain/session-body.js'
import { storeNewSession } from '../service/create-session.js'
import type { Message } from '../domain/message.js'
import type { ReplyPlace, SessionBody } from '../domain/session-body.js'
import type { Allows } from '../service/consent.js'
import type { AdmitCopy } from './copy-admission.js'
import type { Service } from '../service/service.js'
import { LiveSession } from '../service/live-session.js'
import { readSnapshot } from './whole.js'

/** Options of a fork. */
export interface ForkOptions {
  /** 1 to 200 characters, chosen by trusted code, never by a client (default: a new random id). */
  id?: string
  /** The last message to copy (default: the newest). */
  atSeq?: number
  /** The new session's title (default: the old one's). */
  title?: string
  /** What to copy in addition to the messages (default: `state`, `preferences` and `cart`). */
  include?: readonly ('state' | 'preferences' | 'cart')[]
}

const copiedParts = ['state', 'preferences', 'cart'] as const

/** What the caller of a copy may do. */
export interface CopyTerms {
  /** Default: every copy is admitted. */
  readonly admit?: AdmitCopy | undefined
  /** Where the copy goes (default: to where its source is). */
  readonly into?: Service
  /** What may be done with the data of the caller, by what the caller has decided (default: everything). */
  readonly allows?: Allows
}

/**
 * Makes a new session, for the caller of `identity`, from another session as it was at one moment.
 *
 * @throws `invalid` when `atSeq` is not on the active branch of `source`; `conflict` when the id is taken, or when
 * messages of `source` are trimmed or replaced again and again while they are read.
 */
export async function forkSession(
  source: LiveSession,
  identity: Identity,
  options: ForkOptions = {},
  { admit, into: service = source.service, allows = () => true }: CopyTerms = {},
): Promise<LiveSession> {
  checkOptions<ForkOptions>(options, { id: true, atSeq: 'number', title: true, include: 'list' })
  const { atSeq, include = copiedParts } = options
  checkNames(include, copiedParts, 'include')
  await admit?.(source, 0)
  const { record: from, body: before, messages } = await readSnapshot(source)
  await admit?.(source, from.bytes + byteLength(JSON.stringify(before)))
  if (atSeq !== undefined && atSeq !== 0 && !messages.some((message) => message.seq === atSeq)) {
    throw new SessionError('invalid', `Message ${atSeq} is not on the active branch.`, { path: 'atSeq' })
  }
  const last = atSeq ?? Number.POSITIVE_INFINITY
  const isTaken = ({ seq, status }: Message): boolean => seq <= last && status !== 'corrupt'
  const taken = messages.filter(isTaken)
  const lineage: Lineage = {
    sessionId: from.id,
    ...(before.lineage === undefined ? {} : { rootId: rootIdOf(before, from.id) }),
    seq: taken.at(-1)?.seq ?? 0,
  }
  const documentTurns = documentTurnsIn(taken, before)
  // The holder of an anonymous session is nobody whose decisions stand elsewhere.
  const consent = from.userId === undefined && identity.userId === undefined ? before.consent : undefined
  const copiesPreferences = include.includes('preferences') && allows('personalization', consent)
  const body = newBody({
    lineage,
    ...(documentTurns.length === 0 ? {} : { documentTurns }),
    ...(include.includes('state') ? { state: before.state } : {}),
    ...(copiesPreferences ? { preferences: before.preferences } : {}),
    ...(consent === undefined ? {} : { consent }),
    ...(include.includes('cart') ? { cart: before.cart } : {}),
  })
  const title = options.title ?? from.title
  const init = {
    ...(title === undefined ? {} : { title }),
    ...(from.label === undefined ? {} : { label: from.label }),
  }
  const ref = { tenantId: identity.tenantId, id: parseId(options.id ?? newId(), 'id') }
  const seen = await storeNewSession(service, identity, {
    ref,
    incarnation: newId(),
    init,
    lifetime: from.lifetime,
    body,
    copied: taken,
  })
  service.emit('session.forked', seen.record, { fromSessionId: from.id, seq: lineage.seq }, identity)
  return new LiveSession(service, identity, seen, { holdsCredential: true })
}

/** Where the copies are of the replies that the source finds its documents with. */
function documentTurnsIn(
  taken: readonly Message[],
  { documentTurns = [] }: SessionBody,
): readonly ReplyPlace[] {
  if (documentTurns.length === 0) return []
  // A copy is numbered anew, from 1.
  const places = new Map(taken.map(({ id }, index) => [id, index]))
  return documentTurns.flatMap(({ replyId }) => {
    const after = places.get(replyId)
    return after === undefined ? [] : [{ replyId, after }]
  })
}
