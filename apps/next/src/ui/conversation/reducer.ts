import type { MessageView } from '../wire.ts'
import { addText, addTool, type Piece, settleTool } from './pieces.ts'
import type { ConversationAction, ConversationState, LiveAnswer, Outgoing, Started } from './state.ts'

/** The next state of the conversation after an event. Pure. */
export function reduce(state: ConversationState, action: ConversationAction): ConversationState {
  switch (action.type) {
    case 'page':
      return withPage(state, action.messages, action.earlier)
    case 'older': {
      const first = state.messages[0]?.seq ?? Number.POSITIVE_INFINITY
      const older = action.messages.filter(({ seq }) => seq < first)
      return { ...state, messages: [...older, ...state.messages], earlier: action.earlier }
    }
    case 'send':
      return { ...state, outgoing: action.outgoing }
    case 'refused':
      return state.outgoing === undefined
        ? state
        : { ...state, outgoing: { ...state.outgoing, status: 'failed', problem: action.problem } }
    case 'discard':
      return { ...state, outgoing: undefined }
    case 'started':
      return begun(state, action.started, action.eventId)
    case 'text':
      return written(state, action.eventId, (pieces) => addText(pieces, action.text))
    case 'tool':
      return written(state, action.eventId, (pieces) =>
        addTool(pieces, { id: action.id, name: action.name, state: 'running' }),
      )
    case 'tool-result':
      return written(state, action.eventId, (pieces) =>
        settleTool(pieces, action.id, action.isError ? 'failed' : 'done'),
      )
    case 'stopping':
      return state.answer?.status !== 'writing'
        ? state
        : { ...state, answer: { ...state.answer, status: 'stopping' } }
    case 'ended':
      if (state.answer === undefined) return state
      return {
        ...state,
        answer: {
          ...state.answer,
          status: 'ended',
          ...(action.problem === undefined ? {} : { problem: action.problem }),
        },
      }
    case 'lost':
      return { ...state, answer: undefined }
  }
}

/**
 * The messages to show. While a message that goes back is being sent, the messages that it leaves are hidden already.
 * While an answer is being written, its stored part is not shown twice, so that nothing jumps.
 */
export function shownMessages({ messages, outgoing, answer }: ConversationState): readonly MessageView[] {
  return shownOf(messages, outgoing?.after, answer?.replyId)
}

/** As `shownMessages`, of what alone decides. */
export function shownOf(
  messages: readonly MessageView[],
  after: number | undefined,
  replyId: string | undefined,
): readonly MessageView[] {
  return messages.filter(
    ({ seq, id }) => (after === undefined || seq <= after) && !(replyId !== undefined && isOf(id, replyId)),
  )
}

/** Whether something is being sent or written, so that nothing else may begin. */
export function isBusy({ outgoing, answer }: ConversationState): boolean {
  return outgoing?.status === 'sending' || (answer !== undefined && answer.status !== 'ended')
}

/** The seq before a message on the branch, 0 at the beginning; undefined when that message is not loaded yet. */
export function seqBefore(
  { messages, earlier }: Pick<ConversationState, 'messages' | 'earlier'>,
  seq: number,
): number | undefined {
  const before = messages.findLast((message) => message.seq < seq)
  return before?.seq ?? (earlier === undefined ? 0 : undefined)
}

function withPage(
  state: ConversationState,
  page: readonly MessageView[],
  earlier: number | undefined,
): ConversationState {
  const first = page[0]
  // The messages before a message never change. So the loaded older ones stay valid if the page begins among them.
  const known = first === undefined ? -1 : state.messages.findIndex(({ id }) => id === first.id)
  const isStored = page.some(({ id }) => id === state.outgoing?.id)
  const isOver = state.answer?.status === 'ended'
  return {
    messages: known > 0 ? [...state.messages.slice(0, known), ...page] : page,
    earlier: known > 0 ? state.earlier : earlier,
    outgoing: isStored ? undefined : state.outgoing,
    answer: isOver ? undefined : state.answer,
  }
}

function begun(state: ConversationState, started: Started, eventId: string): ConversationState {
  const { outgoing } = state
  const isOurs = outgoing?.id === started.messageId
  // When a stored message is only answered again, the messages after it are another version, or a failed answer.
  const last = isOurs ? (outgoing.after ?? started.seq) : started.seq
  const isKnown = state.messages.some(({ id }) => id === started.messageId)
  const kept = state.messages.filter(({ seq }) => seq <= (isKnown ? started.seq : last))
  const messages = isOurs && !isKnown ? [...kept, toMessage(outgoing, started.seq)] : kept
  return {
    ...state,
    messages,
    outgoing: isOurs ? undefined : outgoing,
    // A turn that is read from its beginning comes whole, also when some of its events came before.
    answer: newAnswer(started, eventId),
  }
}

function newAnswer({ turnId, messageId, replyId }: Started, eventId: string): LiveAnswer {
  return { turnId, messageId, replyId, pieces: [], lastEventId: eventId, status: 'writing' }
}

function written(
  state: ConversationState,
  eventId: string,
  change: (pieces: Piece[]) => void,
): ConversationState {
  if (state.answer === undefined) return state
  const pieces = [...state.answer.pieces]
  change(pieces)
  return { ...state, answer: { ...state.answer, pieces, lastEventId: eventId } }
}

function isOf(id: string, replyId: string): boolean {
  return id === replyId || id.startsWith(`${replyId}.`)
}

function toMessage({ id, text, at }: Outgoing, seq: number): MessageView {
  return { seq, id, role: 'user', content: text, createdAt: at, status: 'completed', tokens: 0 }
}
