import { expect, it } from 'vitest'
import type { SessionError, TurnPart } from '../../src/index.js'
import { all, opened } from './turns.js'

/** What becomes of an answer of these parts, and what is told of it between its beginning and its end. */
async function answered(...parts: readonly unknown[]) {
  const session = await opened({ onWarning: () => {} })
  const turn = session.turn('Hi', () => parts as TurnPart[])
  const events = (await all(turn)).slice(1, -1).map((event) => {
    const { n: _, ...part } = event
    return part
  })
  return { events, result: await turn.result }
}

it('takes what says nothing for nothing', async () => {
  const { events } = await answered(undefined, null, '', 'Hi', { type: 'usage' }, { type: 'usage', model: 7 })
  expect(events).toEqual([{ type: 'text', text: 'Hi' }])
})

it.each<[object, unknown]>([
  [{ type: 'error', error: { message: 'secret' } }, { message: 'secret' }],
  [{ type: 'error', errorText: 'secret' }, 'secret'],
  [
    { type: 'error', code: 'secret' },
    { type: 'error', code: 'secret' },
  ],
  [
    { type: 'error', message: 'secret', sequence_number: 1 },
    { type: 'error', message: 'secret', sequence_number: 1 },
  ],
  [{ type: 'response.failed', response: { error: 'secret' } }, 'secret'],
  [{ type: 'response.failed' }, undefined],
])('takes %j for a failure, of which no caller is told', async (event, inner) => {
  const { events, result } = await answered('Hi', event, 'never')
  expect(events).toEqual([{ type: 'text', text: 'Hi' }])
  expect(result).toMatchObject({ status: 'failed', code: 'model_failed', error: 'The model failed.' })
  const { name, message, cause } = result.cause as Error
  expect([name, message, cause]).toEqual(['ModelFailure', 'The model told of an error.', inner])
})

it('tells of a failure that is meant to be told', async () => {
  const { events, result } = await answered({ type: 'error', message: 'no room' })
  expect(events).toEqual([{ type: 'error', message: 'no room' }])
  expect(result).toMatchObject({ status: 'failed', error: 'no room' })
})

it('counts each step of the AI SDK once, wherever the counts are', async () => {
  const step = { type: 'finish-step', usage: { inputTokens: 2 }, finishReason: 'tool-calls' }
  const end = { type: 'finish', totalUsage: { inputTokens: 4 }, finishReason: 'stop' }
  expect((await answered('a', step, 'b', step, end)).result.usage.inputTokens).toBe(4)
  for (const field of ['usage', 'totalUsage', 'usageMetadata']) {
    const { usage, finishReason } = (
      await answered({ type: 'finish', [field]: { inputTokens: 4 }, finishReason: 'stop' })
    ).result
    expect([field, usage.inputTokens, finishReason]).toEqual([field, 4, 'stop'])
    const alone = { type: 'usage', [field]: { inputTokens: 4 } }
    expect((await answered(alone)).result.usage.inputTokens).toBe(4)
  }
  const told = { type: 'usage', inputTokens: 4, finishReason: 'length' }
  expect((await answered(told)).result).toMatchObject({ usage: { inputTokens: 4 }, finishReason: 'length' })
})

it('keeps a file that the AI SDK made, and what only looks like one', async () => {
  // A getter, as the SDK has it.
  const file = (mediaType: string) => ({
    get base64() {
      return 'QQ=='
    },
    mediaType,
  })
  const { result } = await answered(
    { type: 'file', file: file('text/plain'), id: 'f' },
    { type: 'reasoning-file', file: file('image/png') },
    { type: 'file', url: 'https://a.test' },
    { type: 'file', file: { base64: 7 } },
    { type: 'other', file: { base64: 'QQ==' } },
  )
  expect(result.reply.content).toEqual([
    { type: 'file', id: 'f', mediaType: 'text/plain', data: 'QQ==' },
    { type: 'reasoning-file', mediaType: 'image/png', data: 'QQ==' },
    { type: 'file', url: 'https://a.test' },
    { type: 'file', file: { base64: 7 } },
    { type: 'other', file: { base64: 'QQ==' } },
  ])
})

it.each<[unknown, string]>([
  [{ type: 'document' }, 'part.document'],
  [{ type: 'document', document: {} }, 'part.document.id'],
  [{ type: 'document', document: { id: '' } }, 'part.document.id'],
  [{ type: 'document', document: { id: 'x'.repeat(201) } }, 'part.document.id'],
  [{ type: 'error', message: 7 }, 'part.message'],
  [[7], 'part'],
  [7, 'part'],
])('refuses %j, and says where', async (part, path) => {
  const { result } = await answered(part)
  const { code, path: at, message } = result.cause as SessionError
  expect([code, at]).toEqual(['invalid', path])
  if (path === 'part') expect(message).toContain('part is neither a text nor an object')
})

it('keeps a document of the longest id, and a source with any fields', async () => {
  const document = { id: 'x'.repeat(200), title: 'Guide', more: { a: 1 } }
  const { events } = await answered({ type: 'document', document }, { type: 'source', any: [1] })
  expect(events).toEqual([
    { type: 'document', document },
    { type: 'source', any: [1] },
  ])
})
