import type { HistoryPage } from '../../domain/path.js'
import type { SessionRecord } from '../../contract/session-record.js'
import type { AppendedMessage } from '../../contract/session-store.js'
import type { Identity } from '../../domain/identity.js'
import type { MessageInput } from '../../domain/message.js'
import type { ChangeOptions } from '../../service/change-options.js'
import { appendOwned } from '../../session/append-owned.js'
import { liveSessionOf } from '../../session/live-of.js'
import { appendUnchanged } from '../../session/messages.js'
import type { ApiConfig } from '../api-options.js'
import { toIso } from '../../time.js'
import { checkFields } from '../client-fields.js'
import { checkMessages } from '../client-messages.js'
import * as compat from '../compat/schemas.js'
import { seedView, tenantOf } from '../compat/session.js'
import { etagOf } from '../etag.js'
import { type Route, route } from '../route.js'
import { messageView, sessionView } from '../views.js'
import type { Session } from '../../session.js'
import * as schemas from '../schemas.js'

export const messageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions/{id}/messages',
    operation: 'listMessages',
    summary: 'Pages through the messages of a session',
    query: schemas.historyQuery,
    response: schemas.messagePage,
    compatResponse: compat.messagePage,
    async handle({ session: find, query, api, identity }) {
      const session = await find()
      const { limit, cursor, direction, branch } = query
      const at = cursor === undefined ? undefined : Number(cursor)
      const page = await session.history({
        limit,
        branch,
        ...(direction === 'forward' ? { after: at ?? 0 } : at === undefined ? {} : { before: at }),
      })
      return {
        body: {
          sessionId: session.id,
          ...tenantOf(api, identity),
          messages: {
            items: page.messages.map((message) => messageView(message, api)),
            ...cursors(page),
          },
        },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/messages',
    operation: 'appendMessages',
    summary: 'Appends messages, all or none; no model is asked',
    body: schemas.appendBody,
    status: 201,
    response: schemas.appendReply,
    asksOwner: true,
    async handle({ session: find, body, api, seed, identity, params, change }) {
      const checked = checkMessages(api, api.clientRoles(identity), body.messages)
      const messages = checked.map((message, index) => ({
        ...(seed === undefined ? {} : { id: `${seed}-${index}` }),
        ...message,
      }))
      const { record, appended } =
        (await appendAtOnce(api, identity, { id: params['id']!, messages, change })) ??
        (await appendTo(await find(), messages, change))
      return {
        status: 201,
        body: {
          sessionId: record.id,
          messages: appended.map(({ id, seq, at, inserted }) => ({
            id,
            seq,
            createdAt: toIso(at),
            inserted,
          })),
        },
        headers: { ETag: etagOf(record) },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/reset',
    operation: 'resetSession',
    summary: 'Clears the conversation; state, preferences and cart stay',
    response: schemas.sessionReply,
    async handle({ session: find, change }) {
      const session = await find()
      await session.reset(change)
      const { record } = session
      return { body: { session: sessionView(record) }, headers: { ETag: etagOf(record) } }
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/{id}/compact',
    operation: 'compactSession',
    summary: 'Sums up what is old, so that the model sees it in few words; history keeps every message',
    body: schemas.compactBody,
    bodyOptional: true,
    response: schemas.compactReply,
    compatResponse: compat.compactReply,
    async handle({ session: find, body, api, identity, request }) {
      const { maxMessages, maxTokens, ...others } = body
      checkFields(api, identity, others)
      const session = await find()
      const keepTokens = maxMessages === undefined ? maxTokens : await tokensOfNewest(session, maxMessages)
      const { compacted, summary } = await session.compact({
        signal: request.signal,
        // The client asks for a summary explicitly, so even a little is worth summing up.
        ...(keepTokens === undefined ? {} : { keepTokens, minTokens: 1 }),
      })
      const { record } = session
      return {
        body: {
          compacted,
          // No message is ever removed from history to fit a prompt.
          removedCount: 0,
          session: api.isCompat ? await seedView({ api }, session) : sessionView(record),
          ...(summary === undefined
            ? {}
            : {
                summary: { from: summary.from, to: summary.to, text: summary.text, tokens: summary.tokens },
              }),
        },
        headers: { ETag: etagOf(record) },
      }
    },
  }),
]

/** What an append has made. */
interface Appended {
  readonly record: SessionRecord
  readonly appended: readonly AppendedMessage[]
}

/** Lets the store check the owner; undefined when the session has to be looked up. */
async function appendAtOnce(
  { service }: ApiConfig,
  identity: Identity,
  { id, messages, change }: { id: string; messages: readonly MessageInput[]; change: ChangeOptions },
): Promise<Appended | undefined> {
  if (change.ifRevision !== undefined) return undefined
  const owned = await service.work.call(() => appendOwned(service, identity, id, messages))
  return owned && { record: owned.live.record, appended: owned.appended }
}

async function appendTo(
  session: Session,
  messages: readonly MessageInput[],
  change: ChangeOptions,
): Promise<Appended> {
  const isConditional = change.ifRevision !== undefined
  const appended = await (isConditional
    ? appendUnchanged(liveSessionOf(session, 'session'), messages, change)
    : session.append(messages))
  return { record: session.record, appended }
}

function cursors({ before, after }: HistoryPage) {
  return {
    ...(after === undefined ? {} : { nextCursor: String(after) }),
    ...(before === undefined ? {} : { previousCursor: String(before) }),
  }
}

/** Tokens of the newest messages that stay as they are, when the client passes a number of messages. */
async function tokensOfNewest(session: Session, count: number): Promise<number> {
  if (count === 0) return 0
  const { messages } = await session.history({ limit: Math.min(count, 1000) })
  return messages.reduce((sum, { tokens }) => sum + tokens, 0)
}
