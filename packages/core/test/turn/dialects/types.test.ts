import { expect, expectTypeOf, it } from 'vitest'
import type { Respond } from '../../../src/index.js'
import { opened } from '../turns.js'

// As the SDKs have them: classes and interfaces, which have no index signature.
class GenerateContentResponse {
  candidates?: { index?: number; content?: { parts?: { text?: string }[] }; finishReason?: 'STOP' }[]
  get text(): string {
    return 'Hi'
  }
}
interface ConverseStreamCommandOutput {
  $metadata: object
  stream: AsyncIterable<object> | undefined
}
class AIMessage {
  readonly type = 'ai'
  readonly content = 'Hi'
  toJSON(): object {
    return { lc: 1, type: 'constructor', id: ['messages', 'AIMessage'], kwargs: { content: this.content } }
  }
}

async function* converse(): AsyncGenerator<object> {
  yield { messageStart: { role: 'assistant' } }
  yield { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hi' } } }
  yield { messageStop: { stopReason: 'end_turn' } }
}

it('takes in its types what docs/turns.md says that respond may return', async () => {
  const whole = new GenerateContentResponse()
  whole.candidates = [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }]
  const all: readonly Respond[] = [
    (): Promise<GenerateContentResponse> => Promise.resolve(whole),
    (): ConverseStreamCommandOutput => ({ $metadata: {}, stream: converse() }),
    async (): Promise<AIMessage> => new AIMessage(),
  ]
  const session = await opened()
  for (const respond of all) {
    expect(await session.turn('Hi', respond).result).toMatchObject({ status: 'completed', text: 'Hi' })
  }
  expectTypeOf<() => void>().not.toExtend<Respond>()
  expectTypeOf<() => Promise<number>>().not.toExtend<Respond>()
})
