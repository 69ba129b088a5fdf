import * as z from 'zod/mini'
import { digestOf } from '../digest.js'
import type { JsonValue } from '../json.js'
import { callKey, matterOf } from '../domain/matter.js'
import type { Message } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import { parseWith } from '../parse.js'
import type { Session } from '../session.js'
import { RequestError } from './problem.js'
import type { Call } from './route.js'

// A client answers one of the newest calls.
const newestMessages = 100

const answerPrefix = 'answer-'

const id = z.string().check(z.minLength(1), z.maxLength(1000))
const answerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('tool-result'),
    toolCallId: id,
    toolName: z.optional(id),
    output: z.unknown(),
    isError: z.optional(z.boolean()),
  }),
  z.strictObject({
    type: z.literal('tool-approval-response'),
    approvalId: id,
    approved: z.boolean(),
    reason: z.optional(z.string().check(z.maxLength(10_000))),
  }),
])
type Answer = z.infer<typeof answerSchema>

/** What a client answers, and the id that its message has unless the client names it. */
interface ToolAnswers {
  readonly id: string
  readonly parts: MessagePart[]
}

/** What waits for an answer of a client. */
interface Waiting {
  readonly toolName: string
  /** The id of the message that asks. */
  readonly messageId: string
}

/**
 * The id of a message that answers calls. It follows from what it answers: two pages that answer the same at the same
 * moment send one message, so that nothing is done twice.
 *
 * @param answered What it answers: the id of the message that asks, and of the call or the request for approval.
 */
export async function idOfAnswers(
  answered: readonly (readonly [messageId: string, id: string])[],
): Promise<string> {
  const all = answered.map((each) => JSON.stringify(each)).toSorted()
  return `${answerPrefix}${(await digestOf(all.join())).slice(0, 24)}`
}

/**
 * The parts in a client's message of the role `tool`: results of open calls, and answers to open requests for
 * approval, each of a tool that clients run.
 *
 * @throws `unprocessable` for anything else, because the model believes everything that a tool says.
 */
export async function toToolParts(
  { api, body, key }: Pick<Call, 'api' | 'key'> & { body: { id?: string | undefined } },
  session: Session,
  content: unknown,
): Promise<ToolAnswers> {
  if (!Array.isArray(content)) {
    throw refused(
      'content',
      'a message of the role tool is a list of tool-result and tool-approval-response parts',
    )
  }
  const parts = content as readonly unknown[]
  const answers = parts.map((part, index) => parseWith(answerSchema, part, `content[${index}]`))
  const { messages } = await session.history({ limit: newestMessages })
  // A repeat of an earlier message is recognized by the turn.
  const repeated = messages.findIndex((message) => message.id === body.id)
  let waiting = waitingIn(messages, repeated)
  const keys = answers.map((answer) => matterOf(answer).answers ?? '')
  // A page that comes after another one with the same answers repeats its message, as if both came at once.
  if (body.id === undefined && key === undefined && !keys.some((each) => waiting.has(each))) {
    waiting = waitingIn(
      messages,
      messages.findLastIndex((message) => isAnswerTo(message, keys)),
    )
  }
  const answered: [string, string][] = []
  const made = answers.map((answer, index) => {
    const about = keys[index]!
    const { toolName, messageId } = waiting.get(about) ?? {}
    if (toolName === undefined || messageId === undefined || !api.clientTools.includes(toolName)) {
      throw refused(`content[${index}]`, 'nothing that a client may answer waits for this')
    }
    if (answer.type === 'tool-result' && (answer.toolName ?? toolName) !== toolName) {
      throw refused(`content[${index}].toolName`, 'the call is of another tool')
    }
    // After a second answer to one call, no call waits for it.
    waiting.delete(about)
    answered.push([messageId, about])
    return toPart(answer, toolName)
  })
  return { parts: made, id: await idOfAnswers(answered) }
}

/** What waits for an answer at the end of a log, or before one of its messages. */
function waitingIn(messages: readonly Message[], before: number): Map<string, Waiting> {
  const waiting = new Map<string, Waiting>()
  for (const { id: messageId, role, content } of before === -1 ? messages : messages.slice(0, before)) {
    if (typeof content === 'string') continue
    for (const part of content) settle(waiting, { role, messageId }, part)
  }
  return waiting
}

/** Whether a message, whose id follows from what it answers, answers these calls and requests. */
function isAnswerTo({ id, role, content }: Message, keys: readonly string[]): boolean {
  if (role !== 'tool' || !id.startsWith(answerPrefix) || typeof content === 'string') return false
  return (
    content.length === keys.length && content.every((part) => keys.includes(matterOf(part).answers ?? ''))
  )
}

/** Notes the call or approval that a part opens or answers. */
function settle(
  waiting: Map<string, Waiting>,
  { role, messageId }: { readonly role: string; readonly messageId: string },
  part: MessagePart,
): void {
  const { asks, answers } = matterOf(part)
  if (answers !== undefined) waiting.delete(answers)
  if (asks === undefined || role !== 'assistant') return
  const { type, toolCallId, toolName } = part
  if (type === 'tool-call') {
    waiting.set(asks, { messageId, toolName: typeof toolName === 'string' ? toolName : '' })
  } else {
    const asked = waiting.get(callKey(toolCallId))
    if (asked !== undefined) waiting.set(asks, { ...asked, messageId })
  }
}

function toPart(answer: Answer, toolName: string): MessagePart {
  if (answer.type === 'tool-approval-response') return answer as MessagePart
  const { toolCallId, output, isError } = answer
  const part = { type: 'tool-result', toolCallId, toolName, output: (output ?? null) as JsonValue }
  return isError === undefined ? part : { ...part, isError }
}

function refused(path: string, why: string): RequestError {
  return new RequestError('unprocessable', `${path}: ${why}.`, { path })
}
