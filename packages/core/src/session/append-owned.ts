import type { AppendedMessage, NewMessage } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import type { MessageInput } from '../domain/message.js'
import { isId } from '../ids.js'
import { appendKnown } from './append-known.js'
import { deadlineOf } from '../service/lifetime.js'
import { LiveSession } from '../service/live-session.js'
import { roomOf } from '../service/room.js'
import type { Service } from '../service/service.js'
import { type Appended, asNew, repeatAppend } from '../service/unknown-outcome.js'
import { encodeMessages } from '../service/encode-messages.js'
import { settleAppended } from './messages.js'

/** What an append by the owner has made. */
export interface OwnedAppend {
  readonly live: LiveSession
  readonly appended: readonly AppendedMessage[]
}

/**
 * Appends messages to a session of the caller in one round trip: the store checks the owner in the commit.
 *
 * @returns Undefined when the caller is not the owner, or there is no such session.
 * @throws `invalid`, `too_large`, `limit_reached`, `conflict`
 */
export async function appendOwned(
  service: Service,
  identity: Identity,
  id: string,
  messages: MessageInput | readonly MessageInput[],
): Promise<OwnedAppend | undefined> {
  const { tenantId, userId, roles } = identity
  const isAdmin = roles?.includes('admin') === true
  if (!isId(id) || (userId === undefined && !isAdmin)) return undefined
  const given = await encodeMessages(service, messages)
  const change = {
    ...(isAdmin || userId === undefined ? {} : { ownedBy: userId }),
    ...roomOf(service),
    ...deadlineOf(service.ttl),
  }
  const ref = { tenantId, id }
  let committed: Appended
  let encoded: readonly NewMessage[]
  try {
    const append = async (known: readonly NewMessage[]): Promise<Appended> =>
      repeatAppend(async () => service.store.commit(ref, { ...change, messages: known }))
    const known = await appendKnown({ service, ref }, given, append)
    committed = known.result
    encoded = known.encoded
  } catch (error) {
    if (isSessionError(error, 'not_found')) return undefined
    throw error
  }
  service.storeClock.learn(committed.record.updatedAt)
  const live = new LiveSession(service, identity, { record: committed.record }, { holdsCredential: false })
  const { messages: appended, isLost } = committed
  // Nothing is known of the log before: of what a repeat finds nobody was told.
  return {
    live,
    appended: await settleAppended(live, encoded, appended, isLost ? asNew(appended, 0) : appended),
  }
}
