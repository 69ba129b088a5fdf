import { type Respond, textOf } from '@sessions/core'
import { respondLocally } from './local.ts'
import { giveTitle } from './title.ts'

/** Answers: by a real model if there is a key, else by the local assistant. */
export const respond: Respond = async function* (turn) {
  if (turn.steps.length === 0) await giveTitle(turn.session, textOf({ content: turn.input }))
  const answer = await (await chosen())(turn)
  if (typeof answer === 'string' || 'type' in answer) yield answer
  else if ('fullStream' in answer) yield* answer.fullStream
  else yield* answer
}

async function chosen(): Promise<Respond> {
  const { OPENAI_API_KEY, ANTHROPIC_API_KEY, AI_GATEWAY_API_KEY } = process.env
  if (!OPENAI_API_KEY && !ANTHROPIC_API_KEY && !AI_GATEWAY_API_KEY) return respondLocally
  // Imported only when needed, because it takes long to load.
  return (await import('./model.ts')).respondByModel
}
