import {
  isSessionError,
  type Branch,
  type Message,
  type MessagePart,
  type SeqRange,
  type SessionRecord,
} from '@sessions/core'
import { getSession } from '@sessions/next'
import { headers } from 'next/headers'
import { deviceOf } from '../server/caller.ts'
import { chat } from '../server/chat.ts'
import type { Opening } from './conversation/conversation.ts'
import type { BranchesView, MessageView, SeqRange as WireRange, SessionView } from './wire.ts'

/** The data that the pages read on the server, in the format of the API, so that the browser can continue from it. */

const listLength = 30
const pageLength = 50

export interface ListView {
  readonly sessions: readonly SessionView[]
  /** The cursor of the next page of the list. */
  readonly cursor: string | undefined
}

export type Read<Value> =
  | { readonly status: 'ok'; readonly value: Value }
  | { readonly status: 'missing' | 'unavailable' }

/** The visitor's sessions, the most active first. */
export async function readList(cursor?: string): Promise<Read<ListView>> {
  return reading(async () => {
    const mine = await chat.for()
    const page = await mine.list({ limit: listLength, ...(cursor === undefined ? {} : { cursor }) })
    return { sessions: page.items.map((record) => toSessionView(record)), cursor: page.cursor }
  })
}

/** A session with its newest messages, or those before `before`. */
export async function readConversation(id: string, before?: number): Promise<Read<Opening>> {
  return reading(async () => {
    const session = await getSession(chat, id)
    const [{ record, path, branches }, page, turnId] = await Promise.all([
      session.read(),
      session.history({ limit: pageLength, ...(before === undefined ? {} : { before }) }),
      session.currentTurn(),
    ])
    return {
      session: toSessionView(record, turnId),
      messages: page.messages.map(toMessageView),
      earlier: page.before,
      branches: { active: { path: path.map(toRange) }, items: branches.map(toBranchView) },
      device: deviceOf({ headers: await headers() }),
    }
  })
}

/** The name of a session, for the title of its page. */
export async function readTitle(id: string): Promise<string> {
  const read = await reading(async () => (await getSession(chat, id)).record.title)
  return (read.status === 'ok' ? read.value : undefined) ?? 'Conversation'
}

/** The outcome of a read. The page shows that there is no session, or no guest. */
export async function reading<Value>(read: () => Promise<Value>): Promise<Read<Value>> {
  try {
    return { status: 'ok', value: await read() }
  } catch (error) {
    if (isSessionError(error, 'not_found')) return { status: 'missing' }
    if (isSessionError(error, 'unavailable') || isSessionError(error, 'unknown_outcome')) {
      return { status: 'unavailable' }
    }
    throw error
  }
}

function toSessionView(record: SessionRecord, turnId?: string): SessionView {
  const { id, title, label, createdAt, updatedAt, revision } = record
  return {
    id,
    ...(title === undefined ? {} : { title }),
    ...(label === undefined ? {} : { label }),
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    messageCount: record.lastSeq - record.trimmedSeq,
    revision,
    ...(turnId === undefined ? {} : { turn: { id: turnId } }),
  }
}

function toMessageView({ seq, id, role, content, at, tokens, status, metadata }: Message): MessageView {
  return {
    seq,
    id,
    role,
    content: typeof content === 'string' ? content : content.map(withoutOutput),
    createdAt: new Date(at).toISOString(),
    tokens,
    status,
    ...(metadata === undefined ? {} : { metadata }),
  }
}

/** No page shows results of tools, so they are not sent. */
function withoutOutput(part: MessagePart): MessagePart {
  return part.type === 'tool-result' ? { ...part, output: null } : part
}

function toBranchView({ id, path, leftAt }: Branch): BranchesView['items'][number] {
  return { id, path: path.map(toRange), leftAt: new Date(leftAt).toISOString() }
}

function toRange({ from, to }: SeqRange): WireRange {
  return { from, ...(to === undefined ? {} : { to }) }
}
