import { simulateReadableStream } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'

/** One part of a model's own stream. */
export type Piece = Record<string, unknown> & { readonly type: string }

const usage = {
  inputTokens: { total: 7, noCache: 7, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
}

/** A text in pieces. */
export function text(id: string, ...deltas: string[]): Piece[] {
  return [
    { type: 'text-start', id },
    ...deltas.map((delta) => ({ type: 'text-delta', id, delta })),
    { type: 'text-end', id },
  ]
}

/** A call of a tool, as a model writes it. */
export function call(toolCallId: string, toolName: string, input: object): Piece[] {
  const written = JSON.stringify(input)
  return [
    { type: 'tool-input-start', id: toolCallId, toolName },
    { type: 'tool-input-delta', id: toolCallId, delta: written.slice(0, 4) },
    { type: 'tool-input-delta', id: toolCallId, delta: written.slice(4) },
    { type: 'tool-input-end', id: toolCallId },
    { type: 'tool-call', toolCallId, toolName, input: written },
  ]
}

/** A model that gives these answers, one a call; the last one again and again. */
export function modelOf(...answers: (readonly Piece[])[]): MockLanguageModelV3 {
  let asked = 0
  return new MockLanguageModelV3({
    doStream: async () => {
      const pieces = answers[Math.min(asked++, answers.length - 1)]!
      const unified = pieces.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop'
      const chunks = [
        { type: 'stream-start', warnings: [] },
        ...pieces,
        { type: 'finish', finishReason: { unified, raw: unified }, usage },
      ]
      return {
        stream: simulateReadableStream({ chunks, initialDelayInMs: null, chunkDelayInMs: null }) as never,
      }
    },
  })
}
