import {
  isSessionError,
  type JsonValue,
  type Message,
  type MessageInput,
  type MessagePart,
  SessionError,
} from '@sessions/core'
import type { Session, TurnEvent } from '@sessions/core'
import {
  type AdapterCall,
  type AdapterRoute,
  idOfAnswers,
  parseWith,
  type ServerSentData,
  toProblem,
} from '@sessions/core/node'
import * as ai from 'ai'
import type { UIMessage, UIMessageChunk } from 'ai'
import * as z from 'zod'
import { AnswerChunks } from './answer-chunks.js'
import { answerBefore, findPlace, isNamed, isShown } from './chat-place.js'
import { fromUIMessage } from './from-ui-message.js'
import { idOf, isAnswer, toUIMessages } from './to-ui-messages.js'

const uiMessage = z.looseObject({
  id: z.string().min(1).max(150),
  role: z.enum(['system', 'user', 'assistant']),
  parts: z.array(z.looseObject({ type: z.string() })).max(1000),
  metadata: z.unknown().optional(),
})
const body = z.looseObject({
  id: z.string().min(1).max(200),
  trigger: z.enum(['submit-message', 'regenerate-message']).default('submit-message'),
  messageId: z.string().optional(),
  messages: z.array(z.unknown()).optional(),
  message: z.unknown().optional(),
})
type Body = z.infer<typeof body>
// The body as a whole has kept to its limits.
const ofBody = { maxDepth: Infinity, maxNodes: Infinity }
type Asked = readonly [input: MessageInput | undefined, from?: number | undefined]

// Others know the id of a chat only if it can be guessed.
const shortestNewId = 16

async function opened(call: AdapterCall, id: string, mayBegin: boolean): Promise<Session> {
  if (!mayBegin || id.length >= shortestNewId) return call.open(id, mayBegin)
  try {
    return await call.open(id, false)
  } catch (error) {
    if (!isSessionError(error, 'not_found')) throw error
    // The same of a chat that is somebody else's, and of none.
    const problem = `There is no such session. A new chat needs an id of ${shortestNewId} characters or more.`
    throw new SessionError('not_found', problem, { path: 'id' })
  }
}

const knowsApprovals = 'toUIMessageStream' in ai

/** What `DefaultChatTransport` calls. */
export const chatRoutes: readonly AdapterRoute[] = [
  {
    method: 'POST',
    path: '/chat',
    operation: 'sendChatMessage',
    summary: 'Has the new message of a page answered, in the UI message stream protocol',
    body,
    streams: true,
    async handle(call) {
      const { id, trigger, messageId, messages, message } = call.body as Body
      const last = messages?.at(-1) ?? message
      // A page whose question was lost on its way asks for the answer alone.
      const isNew =
        trigger === 'submit-message' || (messageId === undefined && (await isLost(call, id, last)))
      const sent = isNew ? (parseWith(uiMessage, last, 'message', ofBody) as UIMessage) : undefined
      // Before the chat begins: a request that is refused leaves none behind.
      const said = sent === undefined || sent.role === 'assistant' ? undefined : checked(call, sent)
      const session = await opened(call, id, said !== undefined)
      const [input, from] = await (sent === undefined
        ? again(session, messageId ?? (isOfUser(last) ? last.id : undefined))
        : submitted(call, session, sent, { said, messageId }))
      const running =
        sent?.role === 'assistant' && input === undefined ? await session.currentTurn() : undefined
      // The page says nothing new, so it waits for what is being written, and stops nothing.
      if (running !== undefined)
        return streamed(call, session, async () => chunksOf(session, session.watchTurn(running), false))
      return streamed(call, session, async () =>
        chunksOf(session, await call.turn(session, input, from), false),
      )
    },
  },
  {
    method: 'GET',
    path: '/chat/{id}',
    operation: 'readChat',
    summary: 'The messages of a chat, as useChat takes them',
    handle: async (call) => ({ body: await messagesOf(await call.session()) }),
  },
  {
    method: 'GET',
    // Another name than `id`: a page asks before its chat exists.
    path: '/chat/{chatId}/stream',
    operation: 'resumeChat',
    summary: 'The answer that is being written, from its beginning; 204 when there is none',
    streams: true,
    async handle(call) {
      const session = await call.open(call.params['chatId']!, false).catch(ifMissing)
      const turnId = await session?.currentTurn()
      if (session === undefined || turnId === undefined) return new Response(null, { status: 204 })
      return streamed(call, session, async () => chunksOf(session, session.watchTurn(turnId), true))
    },
  },
  {
    method: 'POST',
    path: '/chat/{id}/stop',
    operation: 'stopChat',
    summary: 'Stops the answer that is being written; what was said so far is kept',
    bodyOptional: true,
    handle: async (call) => ({ body: { stopped: (await (await call.session()).cancel()) !== undefined } }),
  },
]

function ifMissing(error: unknown): undefined {
  if (!isSessionError(error, 'not_found')) throw error
}

/** The messages of a chat for its page. */
export async function messagesOf(session: Session): Promise<UIMessage[]> {
  return toUIMessages((await session.allMessages()).filter(isShown))
}

/** The new message, and where it takes the place of an earlier one; or what the page answers to calls of tools. */
async function submitted(
  call: AdapterCall,
  session: Session,
  sent: UIMessage,
  { said, messageId }: { said: MessageInput | undefined; messageId: string | undefined },
): Promise<Asked> {
  if (said === undefined) return [await answersIn(sent, session, call.clientTools)]
  const edited = messageId === undefined ? undefined : await findPlace(session, isNamed(sent.id))
  return [said, edited?.after]
}

/** A user's message, which may have data parts of any type. */
function checked(call: AdapterCall, sent: UIMessage): MessageInput {
  const data = sent.parts.map(({ type }) => type).filter((type) => type.startsWith('data-'))
  return call.check(fromUIMessage(sent)[0]!, data)
}

function isOfUser(message: unknown): message is { readonly id: string } {
  const { role, id } = (message ?? {}) as { role?: unknown; id?: unknown }
  return role === 'user' && typeof id === 'string'
}

/** Whether a page shows a question as its last message that the chat does not have. */
async function isLost(call: AdapterCall, chatId: string, last: unknown): Promise<boolean> {
  if (!isOfUser(last)) return false
  const session = await call.open(chatId, false).catch(ifMissing)
  return session === undefined || (await findPlace(session, isNamed(last.id))) === undefined
}

/**
 * Back to just after the message of the user that is to be answered again: the last one that the page shows, if it names
 * none.
 *
 * @throws `not_found` for a message that the chat does not have, unless the page asks for an answer that is missing.
 */
async function again(session: Session, messageId: string | undefined): Promise<Asked> {
  const place = await findPlace(session, isNamed(messageId))
  const said = place?.group[0]
  // An answer that failed before its first word is on the page alone.
  const newest = said ?? (await findPlace(session, isNamed(undefined)))?.group[0]
  if (said === undefined && newest !== undefined && isAnswer(newest))
    throw new SessionError('not_found', 'The chat has no such message.')
  return [undefined, said?.role === 'user' ? said.seq : place?.after]
}

/**
 * The results and approvals that a page adds to the calls of the newest answer, where something waits for them. A page
 * that comes late with them repeats the message that has answered: nothing is done twice.
 *
 * @throws `conflict` for an answer that is not the newest any more, that was stopped, that went on without the call, or
 *   whose call was decided otherwise.
 */
async function answersIn(
  sent: UIMessage,
  session: Session,
  clientTools: readonly string[],
): Promise<MessageInput | undefined> {
  const group = (await findPlace(session, isNamed(undefined)))?.group ?? []
  const [kept] = await toUIMessages(group)
  if (kept === undefined) return undefined
  if (kept.id !== sent.id)
    throw new SessionError('conflict', 'The chat went on elsewhere since: load it again.', {
      path: 'message',
    })
  if (isDecidedOtherwise(sent, kept))
    throw new SessionError('conflict', 'This was decided otherwise elsewhere: load the chat again.', {
      path: 'message',
    })
  const given = newAnswers(sent, kept, clientTools)
  const content = given.filter(({ approvalId }) => !isLeftBehind(kept, approvalId))
  if (content.length < given.length && content.length === 0)
    throw new SessionError('conflict', 'The answer went on without this call: ask again.', {
      path: 'message',
    })
  if (content.length > 0) {
    const asking = (part: MessagePart) => group.findLast((message) => asks(message, part))?.id ?? ''
    const about = content.map(
      (part) => [asking(part), JSON.stringify(part.toolCallId ?? part['approvalId'])] as const,
    )
    return { id: await idOfAnswers(about), role: 'tool', content }
  }
  if (isStopped(group.at(-1)!))
    throw new SessionError('conflict', 'The answer was stopped: ask again.', { path: 'message' })
  // Messages of its turn have longer ids. A turn that failed is not repeated, for it may have run the tool: it goes on.
  const answered = group.findLast(({ id }) => /^answer-[\w-]+$/.test(id))
  const isLate = kept.parts.length > sent.parts.length && group.at(-1)!.status === 'completed'
  if (answered === undefined || !isLate) return undefined
  const { id, role, content: said } = answered
  return { id, role, content: said }
}

/** Whether a page says no to what was approved, or yes to what was denied: it would show its own word over what was done. */
function isDecidedOtherwise(sent: UIMessage, kept: UIMessage): boolean {
  const decided = new Map(
    kept.parts.filter(ai.isToolUIPart).map(({ toolCallId, approval }) => [toolCallId, approval?.approved]),
  )
  return sent.parts.filter(ai.isToolUIPart).some(({ toolCallId, approval }) => {
    const known = decided.get(toolCallId)
    return known !== undefined && approval?.approved !== undefined && approval.approved !== known
  })
}

/** Whether a message has the call, or the request for approval, that a part answers. */
function asks(
  { content }: Pick<MessageInput, 'content'>,
  { type, toolCallId, approvalId }: MessagePart,
): boolean {
  if (typeof content === 'string') return false
  return content.some((part) =>
    type === 'tool-result'
      ? part.type === 'tool-call' && part['toolCallId'] === toolCallId
      : part.type === 'tool-approval-request' && part['approvalId'] === approvalId,
  )
}

/** Whether a person has stopped an answer. The page asks again by itself, and its tools would run once more. */
function isStopped({ status, metadata }: Message): boolean {
  const { reason } = (metadata?.['turn'] ?? {}) as { readonly reason?: unknown }
  return status === 'aborted' && reason === 'cancelled'
}

/** Whether an answer has further steps after the call of a question: the SDK runs tools of the last one alone. */
function isLeftBehind({ parts }: UIMessage, approvalId: JsonValue | undefined): boolean {
  const place = parts.findIndex((part) => ai.isToolUIPart(part) && part.approval?.id === approvalId)
  const call = parts[place]
  if (approvalId === undefined || call === undefined || !ai.isToolUIPart(call)) return false
  return call.providerExecuted !== true && parts.slice(place).some(({ type }) => type === 'step-start')
}

function newAnswers(sent: UIMessage, kept: UIMessage, clientTools: readonly string[]): MessagePart[] {
  const calls = new Map(kept.parts.filter(ai.isToolUIPart).map((call) => [call.toolCallId, call]))
  return sent.parts.filter(ai.isToolUIPart).flatMap((part): MessagePart[] => {
    const { toolCallId, state, approval } = part
    const call = calls.get(toolCallId)
    if (call?.state === 'approval-requested' && state === 'approval-responded') {
      const { approved, reason } = approval ?? {}
      const why = typeof reason === 'string' ? { reason } : {}
      return [
        { type: 'tool-approval-response', approvalId: call.approval.id, approved: approved ?? false, ...why },
      ]
    }
    const isOpen = call?.state === 'input-available' || call?.state === 'approval-responded'
    if (!isOpen || !clientTools.includes(ai.getToolName(call))) return []
    const result = { type: 'tool-result', toolCallId, toolName: ai.getToolName(call) }
    if (state === 'output-available') return [{ ...result, output: (part.output ?? null) as JsonValue }]
    return state === 'output-error' ? [{ ...result, output: part.errorText, isError: true }] : []
  })
}

async function streamed(
  call: AdapterCall,
  session: Session,
  open: () => Promise<AsyncIterable<ServerSentData>>,
): Promise<Response> {
  call.headers.set('X-Vercel-AI-UI-Message-Stream', 'v1')
  return call.stream(session, open)
}

/** The stream of a turn. One that is resumed begins with what was answered before the turn. */
async function* chunksOf(
  session: Session,
  events: AsyncIterable<TurnEvent>,
  isResumed: boolean,
): AsyncGenerator<ServerSentData, void, undefined> {
  const chunks = new AnswerChunks()
  try {
    for await (const event of events) {
      if (event.type !== 'started') {
        for (const chunk of chunks.event(event)) yield { data: chunk }
        continue
      }
      const before = await answerBefore(session, event.seq)
      yield { data: { type: 'start', messageId: before.length === 0 ? event.replyId : idOf(before) } }
      const earlier = chunks.messages(before)
      if (isResumed) for (const chunk of readable(earlier)) yield { data: chunk }
    }
  } catch (error) {
    const { detail, title } = toProblem(error)
    yield { data: { type: 'error', errorText: detail ?? title } }
  }
}

/** AI SDK 6 knows no chunk for an answer to a request for approval: its pages see the call alone. */
function readable(chunks: readonly UIMessageChunk[]): readonly UIMessageChunk[] {
  if (knowsApprovals) return chunks
  const asked = chunks as readonly { readonly type: string; readonly approvalId?: string }[]
  const answered = new Set(
    asked.map(({ type, approvalId }) => type === 'tool-approval-response' && approvalId),
  )
  return chunks.filter((_, index) => !answered.has(asked[index]!.approvalId ?? ''))
}
