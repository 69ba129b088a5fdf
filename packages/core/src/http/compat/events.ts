import type { ServerSentEvent } from '../sse.js'
import { seedFinishReason } from './message.js'

const streamVersion = 3

/**
 * The events of a turn with the fields that `unified-llm-client` gives them.
 *
 * @param body That of the request: its events repeat some of its fields.
 */
export async function* seedEvents(
  events: AsyncIterable<ServerSentEvent>,
  body: unknown,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const asked = textsOf(body, ['requestId'])
  const told = (sequence: number) => ({
    ...asked,
    sequence,
    timestamp: new Date().toISOString(),
    version: streamVersion,
  })
  for await (const { id, event, data } of events) {
    // After the last full stop comes the number of the event in its turn.
    const sequence = Number(id.slice(id.lastIndexOf('.') + 1))
    if (event === 'session.message.started') {
      yield { id, event, data: { ...data, ...asked } }
      yield { id, event: 'response.started', data: { ...askedModel(body), ...told(sequence) } }
    } else {
      const named = event === 'response.error' ? { name: 'HttpError' } : {}
      yield { id, event, data: { ...translated(data), ...named, ...told(sequence) } }
    }
  }
}

/** The model that a request asks for, and its provider: told where `respond` does not tell which one it was. */
export function askedModel(body: unknown): { model?: string; provider?: string } {
  return textsOf(body, ['model', 'provider'])
}

function translated(data: object & { readonly finishReason?: unknown }): object {
  const { finishReason } = data
  return typeof finishReason === 'string' ? { ...data, finishReason: seedFinishReason(finishReason) } : data
}

function textsOf(body: unknown, names: readonly string[]): Record<string, string> {
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>
  const texts = names.map((name): [string, unknown] => [name, fields[name]])
  return Object.fromEntries(texts.filter((each): each is [string, string] => typeof each[1] === 'string'))
}
