import { addToCart, type CartItemInput, emptyCart } from './cart.js'
import { isSessionError } from './errors.js'
import type { Identity } from './identity.js'
import { type JsonObject, parseJsonObject } from './json.js'
import type { Seen } from './live-session.js'
import { encodeCopy, encodeMessage, type Message, type MessageInput } from './message.js'
import { parseTitle } from './parse.js'
import { encodeBody, newBody, type SessionBody } from './session-body.js'
import type { ServiceParts } from './session-options.js'
import { claimSlots } from './session-slots.js'
import type { SessionRecord, SessionRef } from './store.js'

/** What a session starts with. */
export interface SessionInit {
  /** At most 200 characters. */
  title?: string
  /** What kind of session it is, for `list`; at most 200 characters. */
  label?: string
  state?: JsonObject
  preferences?: JsonObject
  cart?: readonly CartItemInput[]
  messages?: readonly MessageInput[]
}

export interface NewSession {
  readonly ref: SessionRef
  readonly incarnation: string
  readonly init?: SessionInit
  /** Default: what `init` makes. */
  readonly body?: SessionBody
  /** Messages of another session, with their ids and times. */
  readonly copied?: readonly Message[]
}

/**
 * Stores a new session of the caller's, in one commit, and admits it under the limits.
 *
 * @throws `conflict` when the id is taken, `limit_reached`, `invalid`
 */
export async function storeNewSession(
  service: ServiceParts,
  identity: Identity,
  made: NewSession,
): Promise<Seen> {
  const { ref, incarnation, init = {}, body = initialBody(init), copied = [] } = made
  const { store, limits, countTokens, deadline, emit } = service
  const { userId } = identity
  const messages = [
    ...copied.map(encodeCopy),
    ...(init.messages ?? []).map((input, index) =>
      encodeMessage(input, { path: `messages[${index}]`, maxLength: limits.maxMessageLength, countTokens }),
    ),
  ]
  const change = {
    revision: 0,
    incarnation,
    body: encodeBody(body, limits.maxBodyLength),
    messages,
    ...deadline,
    ...(userId === undefined ? {} : { userId }),
    ...(init.title === undefined ? {} : { title: parseTitle(init.title) }),
    ...(init.label === undefined ? {} : { label: parseTitle(init.label, 'label') }),
  }
  let record: SessionRecord
  try {
    record = (await store.commit(ref, change)).record
  } catch (error) {
    // The answer got lost; the incarnation tells whether what is there now is what we made.
    if (!isSessionError(error, 'unknown_outcome')) throw error
    const stored = await store.read(ref)
    record =
      stored?.record.incarnation === incarnation ? stored.record : (await store.commit(ref, change)).record
  }
  await claimSlots(service, record)
  emit('session.created', record, {})
  return { record, body }
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
