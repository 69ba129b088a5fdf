import type { Respond, SessionWarning, Tools, TurnPart } from '../../../src/index.js'
import { opened } from '../turns.js'

/** What becomes of what an SDK gives: what is stored of it, how it ended, and what the application is told. */
export async function answered(given: unknown, tools: Tools = {}) {
  const warnings: SessionWarning[] = []
  const session = await opened({ onWarning: (warning) => warnings.push(warning) })
  let asked = 0
  const respond: Respond = () => (asked++ === 0 ? (given as TurnPart) : 'done')
  const { status, finishReason, replies, usage, cause, error } = await session.turn('Hi', respond, { tools })
    .result
  return {
    status,
    finishReason,
    content: replies.map((reply) => reply.content),
    sources: replies.at(-1)!.metadata?.['sources'],
    usage,
    cause: cause as Error | undefined,
    error,
    warnings,
  }
}

export const text = (said: string, more: object = {}) => ({ type: 'text', text: said, ...more })
export const reasoning = (said: string, more: object = {}) => ({ type: 'reasoning', text: said, ...more })
export const call = (toolCallId: string, input: unknown = { a: 1 }, more: object = {}) => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'add',
  input,
  ...more,
})

/** How a stream ends that a proxy has closed. */
export const broken = { status: 'failed', error: 'The model failed.', cause: { name: 'ModelFailure' } }
