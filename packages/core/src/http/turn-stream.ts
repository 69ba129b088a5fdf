import { isSessionError } from '../errors.js'
import { pause } from '../async/slices.js'
import { isEnd, type TurnEvent } from '../turn/event.js'
import { noUsage } from '../turn/usage.js'
import type { ApiConfig } from './api-options.js'
import { seedUsage } from './compat/message.js'
import { toProblem } from './problem.js'
import type { ServerSentEvent } from './sse.js'
import { usageView, withheld } from './views.js'

export interface StreamedTurn {
  readonly turnId: string
  readonly sessionId: string
  /** Shows the session after the turn has ended. */
  readonly sessionNow: () => Promise<object>
}

/**
 * A turn's events in the format of the wire. An error of the server becomes an event, too, because the status has been
 * sent.
 */
export async function* turnStream(
  events: AsyncIterable<TurnEvent>,
  turn: StreamedTurn,
  api: Pick<ApiConfig, 'exposeToolResults' | 'isCompat' | 'onError'>,
  request: Request,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let n = 0
  try {
    for await (const event of events) {
      n = event.n
      await pause()
      const shown = await toWire(event, turn, api)
      if (shown !== undefined) yield { id: `${turn.turnId}.${n}`, ...shown }
    }
  } catch (error) {
    if (!isSessionError(error)) api.onError(error, request)
    const { code, detail, title } = toProblem(error)
    yield { id: `${turn.turnId}.${n}`, event: 'response.error', data: { code, message: detail ?? title } }
  }
}

async function toWire(
  event: TurnEvent,
  turn: StreamedTurn,
  api: Pick<ApiConfig, 'exposeToolResults' | 'isCompat'>,
): Promise<Omit<ServerSentEvent, 'id'> | undefined> {
  if (isEnd(event)) return endToWire(event, turn, api)
  switch (event.type) {
    case 'started': {
      const { messageId, seq, replyId } = event
      const { sessionId, turnId } = turn
      return {
        event: 'session.message.started',
        data: { sessionId, turnId, messageId, seq, replyId },
      }
    }
    case 'text':
      return { event: 'response.text.delta', data: { delta: event.text } }
    case 'reasoning':
      return { event: 'response.reasoning.delta', data: { delta: event.text } }
    case 'tool-call': {
      const { toolCallId: id, toolName: name, input: args } = event
      return { event: 'response.tool_call.arguments', data: { id, name, args } }
    }
    case 'tool-result': {
      const { toolCallId, toolName, output, isError } = event
      const shown = api.exposeToolResults ? { result: output } : { result: withheld, redacted: true }
      return {
        event: 'response.tool_call.result',
        data: { id: toolCallId, name: toolName, isError: isError === true, ...shown },
      }
    }
    case 'document':
      return { event: 'response.document', data: { document: event['document'] } }
    case 'usage': {
      const { type: _, n: __, ...used } = event
      const usage = api.isCompat ? { ...used, ...seedUsage({ ...noUsage, ...used }) } : used
      return { event: 'response.usage.updated', data: { usage } }
    }
    case 'finish':
      // The end event contains it.
      return undefined
    case 'error':
      // The turn ends with it, and its end event says so.
      return undefined
    default: {
      const { n: _, ...part } = event
      return { event: event.type === 'source' ? 'response.source' : 'response.part', data: part }
    }
  }
}

async function endToWire(
  event: Extract<TurnEvent, { type: 'completed' | 'failed' | 'aborted' }>,
  { turnId, sessionNow }: StreamedTurn,
  api: Pick<ApiConfig, 'isCompat'>,
): Promise<Omit<ServerSentEvent, 'id'>> {
  const { type, from, to, usage, finishReason = 'stop', code, message, reason } = event
  const turn = { id: turnId, from, to }
  if (type === 'failed' || (type === 'aborted' && code !== undefined)) {
    return { event: 'response.error', data: { code, message, turn, usage: usageView(usage, api) } }
  }
  // Read after the commit, so the session includes the turn.
  const data = { turn, usage: usageView(usage, api), session: await sessionNow() }
  if (type === 'aborted') return { event: 'response.aborted', data: { reason, ...data } }
  return { event: 'response.completed', data: { finishReason, ...data } }
}
