import { SessionError } from '@sessions/core'
import { pause } from '@sessions/core/node'
import { isToolUIPart, type UIMessage, type UIMessageChunk } from 'ai'
import { AnswerChunks } from './answer-chunks.js'
import { givenFile } from './file-of.js'
import { defined, type KeptMessage, type KeptPart, known } from './kept-part.js'
import { readAnswer } from './read-answer.js'

/**
 * The messages of a session as `useChat` shows them: all that answers one message of the user is one message. They are
 * what the page had when it read the streams. Pure; `validateUIMessages` and `convertToModelMessages` accept them.
 *
 * @throws `invalid` for what is no list of messages of a session.
 *
 * @example
 * ```ts
 * import { toUIMessages } from '@sessions/ai-sdk'
 * declare const session: import('@sessions/core').Session
 * const messages = await toUIMessages(await session.allMessages())
 * ```
 */
export async function toUIMessages<Shown extends UIMessage = UIMessage>(
  history: readonly KeptMessage[],
): Promise<Shown[]> {
  checkHistory(history)
  const shown: UIMessage[] = []
  // One after the other: many streams of the SDK at once take ten times as long.
  for (const group of groupsOf(history)) {
    await pause()
    shown.push(isAnswer(group[0]!) ? await toAnswer(group) : spoken(group[0]!))
  }
  return shown as Shown[]
}

function checkHistory(history: unknown): void {
  if (Array.isArray(history) && history.every(isKept)) return
  throw new SessionError('invalid', 'history is no list of messages of a session', { path: 'history' })
}

function isKept(message: Partial<KeptMessage> | null | undefined): boolean {
  const { role, content } = message ?? {}
  return typeof role === 'string' && (typeof content === 'string' || Array.isArray(content))
}

/** The messages that are one message on a page. */
export function groupsOf<Kept extends KeptMessage>(history: readonly Kept[]): Kept[][] {
  const groups: Kept[][] = []
  for (const message of history) {
    if (message.status === 'corrupt') continue
    const last = groups.at(-1)
    if (last !== undefined && isAnswer(last[0]!) && isAnswer(message)) last.push(message)
    else groups.push([message])
  }
  return groups
}

export function isAnswer({ role }: KeptMessage): boolean {
  return role === 'assistant' || role === 'tool'
}

/** The id of a message on a page: that of its first turn's reply, which is known before the reply is. */
export function idOf([first]: readonly KeptMessage[]): string {
  const { id = '' } = first!
  return isAnswer(first!) ? id.replace(/(\.r\d+)\.\d+$/, '$1') : id
}

function spoken(message: KeptMessage): UIMessage {
  const { role, content, metadata } = message
  const parts = spokenParts(content)
  const said = parts.length === 0 ? [{ type: 'text', text: '' }] : parts
  return defined({ id: idOf([message]), role, metadata: metadata?.['ui'], parts: said }) as UIMessage
}

/** What a user said, as pages have it. */
export function spokenParts(content: KeptMessage['content']): object[] {
  return (typeof content === 'string' ? [{ type: 'text', text: content }] : content).flatMap(spokenPart)
}

function spokenPart(part: KeptPart): object[] {
  const { type, text, id, data = null } = part
  const { providerMetadata } = known(part)
  if (type === 'text') return [defined({ type, text, providerMetadata })]
  if (type.startsWith('data-')) return [defined({ type, id: typeof id === 'string' ? id : undefined, data })]
  const file = givenFile(part)
  return file === undefined ? [] : [defined({ ...file, providerMetadata })]
}

/** The SDK's own reading of the chunks. */
async function toAnswer(group: readonly KeptMessage[]): Promise<UIMessage> {
  const written = new AnswerChunks().messages(group)
  const { id, metadata, role, parts } = await readAnswer(idOf(group), written)
  return defined({ id, metadata, role, parts: answered(parts, written).map(defined) }) as UIMessage
}

/** The parts with the answers to requests for approval, of which AI SDK 6 streams none, as its own check takes them. */
function answered(parts: UIMessage['parts'], chunks: readonly UIMessageChunk[]): object[] {
  const answers = new Map(
    (chunks as readonly (KeptPart & UIMessageChunk)[]).flatMap((chunk) =>
      (chunk.type as string) === 'tool-approval-response' ? [[chunk['approvalId'], chunk] as const] : [],
    ),
  )
  return parts.map((part) => {
    if (!isToolUIPart(part)) return part
    const { approval: asked, ...call } = part
    const answer = answers.get(asked?.id)
    const { approved, reason } = (answer ?? {}) as Partial<KeptPart>
    const approval = answer === undefined ? asked : defined({ ...asked, approved, reason })
    const { state } = part
    // A call of the same id came after the request.
    if (state.startsWith('input-')) return call
    if (state === 'approval-requested' && answer !== undefined) {
      return { ...part, state: 'approval-responded', approval }
    }
    const needed = state === 'output-denied' ? false : state.startsWith('output-') ? true : undefined
    if (approval === undefined ? needed !== false : needed === undefined || approval.approved === needed) {
      return approval === undefined ? part : { ...part, approval }
    }
    // An outcome that follows from no such answer.
    return state === 'output-denied'
      ? { ...call, state: 'output-error', errorText: 'Not allowed to run.' }
      : call
  })
}
