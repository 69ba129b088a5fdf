import { type Respond, textOf } from '@sessions/core'
import { toLogLine } from '@sessions/core/node'
import { respondLocally } from './local.ts'
import { giveTitle } from './title.ts'

/** Answers: by a real model if there is a key, else by the local assistant. */
export const respond: Respond = async function* (turn) {
  if (turn.steps.length === 0) await giveTitle(turn.session, textOf({ content: turn.input }))
  // A process that ends waits for a while; then it stores answers as far as they got.
  const { chatStop } = globalThis as { chatStop?: AbortSignal }
  const cancel = (): void =>
    void turn.session.cancel().catch((error: unknown) => console.error(toLogLine(error)))
  chatStop?.addEventListener('abort', cancel, { once: true })
  try {
    const answering = await chosen()
    yield await answering(turn)
  } finally {
    chatStop?.removeEventListener('abort', cancel)
  }
}

async function chosen(): Promise<Respond> {
  const { OPENAI_API_KEY, ANTHROPIC_API_KEY, AI_GATEWAY_API_KEY } = process.env
  if (!OPENAI_API_KEY && !ANTHROPIC_API_KEY && !AI_GATEWAY_API_KEY) return respondLocally
  // Imported only when needed, because it takes long to load.
  return (await import('./model.ts')).respondByModel
}
