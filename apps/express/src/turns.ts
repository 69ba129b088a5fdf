import { type AppendedMessage, newId, type Session, textOf } from '@sessions/core'
import type { Assistant } from './assistant/assistant.js'

export interface Question {
  /** The client's name for it: the same id again is the same question, and is answered once. */
  id?: string | undefined
  text: string
}

export interface TurnListener {
  /** The question is stored; nothing of the reply is there yet. */
  onStart?: (question: AppendedMessage) => void
  onText?: (text: string) => void
}

/** A question and its reply, both stored. */
export interface Turn {
  readonly question: { readonly id: string; readonly seq: number }
  readonly reply: {
    readonly id: string
    readonly seq: number
    readonly at: number
    readonly content: string
    readonly status: 'complete' | 'aborted'
  }
  /** True when the reply was there already. */
  readonly repeated: boolean
}

export interface Turns {
  /**
   * Stores the question, has it answered, stores the reply. What was said before `signal` cut it short, or before the
   * assistant failed, is stored too.
   */
  run(session: Session, question: Question, listener?: TurnListener, signal?: AbortSignal): Promise<Turn>
}

/** Runs questions through an assistant: those of one session one after the other, so each sees the one before. */
export function createTurns(assistant: Assistant, stop: AbortSignal = new AbortController().signal): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    async run(session, question, listener = {}, signal) {
      const before = last.get(session.id)
      const turn = (async () => {
        await before
        return runTurn(
          assistant,
          session,
          question,
          listener,
          AbortSignal.any([stop, ...(signal === undefined ? [] : [signal])]),
        )
      })()
      const settled = turn.then(
        () => undefined,
        () => undefined,
      )
      last.set(session.id, settled)
      try {
        return await turn
      } finally {
        if (last.get(session.id) === settled) last.delete(session.id)
      }
    },
  }
}

async function runTurn(
  assistant: Assistant,
  session: Session,
  { id = newId(), text }: Question,
  { onStart, onText }: TurnListener,
  signal: AbortSignal,
): Promise<Turn> {
  const [asked] = await session.append({ id, role: 'user', content: text })
  const question = { id, seq: asked!.seq }
  onStart?.(asked!)
  const replyId = `${id}:reply`
  if (!asked!.inserted) {
    const { messages } = await session.history({ after: asked!.seq, limit: 100 })
    const stored = messages.find((message) => message.id === replyId)
    if (stored !== undefined) {
      const content = textOf(stored)
      onText?.(content)
      const status = stored.status === 'aborted' ? 'aborted' : 'complete'
      return {
        question,
        reply: { id: replyId, seq: stored.seq, at: stored.at, content, status },
        repeated: true,
      }
    }
  }

  let content = ''
  let isWhole: boolean
  try {
    const pieces = assistant({ session, question: text, messageId: id, signal })
    isWhole = await readAll(pieces, signal, (piece) => {
      content += piece
      onText?.(piece)
    })
  } catch (error) {
    // Under an id of its own, so that a retry of the question is answered anew.
    await session.append({ role: 'assistant', content, status: 'failed', metadata: { replyTo: id } })
    throw error
  }
  const status = isWhole ? 'complete' : 'aborted'
  const [stored] = await session.append({
    id: replyId,
    role: 'assistant',
    content,
    status,
    metadata: { replyTo: id },
  })
  return {
    question,
    reply: { id: replyId, seq: stored!.seq, at: stored!.at, content, status },
    repeated: false,
  }
}

/** Hands on every piece; false when the signal came first, even if the source never heeds it. */
async function readAll(
  pieces: AsyncIterable<string>,
  signal: AbortSignal,
  onPiece: (piece: string) => void,
): Promise<boolean> {
  const iterator = pieces[Symbol.asyncIterator]()
  let onAbort = (): void => {}
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    while (!signal.aborted) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next === undefined) break
      // A source that ends because of the signal did not say all it had to.
      if (next.done === true) return !signal.aborted
      onPiece(next.value)
    }
    // Not awaited: a source that is stuck would never let go.
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
    return false
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
