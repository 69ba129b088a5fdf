import { createSessions, type MessageInput } from '@sessions/core'
import * as ai from 'ai'
import { type ModelMessage, modelMessageSchema, tool } from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { fromResponse, fromUIMessage, toModelMessages, toUIMessages } from '../src/index.js'

const image = { type: 'image-data', data: 'AAAA', mediaType: 'image/png' }

/** A tool whose results a model is told of in words. */
const weather = tool({
  inputSchema: z.object({}),
  execute: async () => ({ degrees: 5 }),
  toModelOutput: ({ output }) => ({ type: 'text', value: `${output.degrees} degrees` }),
})

function answerOf(output: object): ModelMessage[] {
  const call = { toolCallId: 'c', toolName: 'weather' }
  return [
    { role: 'assistant', content: [{ type: 'tool-call', ...call, input: {} }] },
    { role: 'tool', content: [{ type: 'tool-result', ...call, output: output as never }] },
  ]
}

async function told(...messages: MessageInput[]): Promise<unknown> {
  const session = await createSessions().for({ tenantId: 'acme', userId: 'alice' }).create()
  await session.append([{ role: 'user', content: 'How is it?' }, ...messages])
  const { messages: seen } = await session.context({ maxTokens: 8000 })
  const converted = await toModelMessages(seen, { tools: { weather } })
  for (const message of converted) modelMessageSchema.parse(message)
  const [result] = converted.at(-1)!.content as { output?: unknown }[]
  return result!.output
}

it.each([
  ['words', { type: 'text', value: '5 degrees' }],
  ['JSON', { type: 'json', value: { told: '5 degrees' } }],
  ['an image', { type: 'content', value: [{ type: 'text', text: 'See' }, image] }],
])('tells a model of a result again as it was told of it: %s', async (_, output) => {
  expect(await told(...fromResponse(answerOf(output)))).toEqual(output)
})

it('makes of a result what the tool makes of it, where the log has what the tool gave', async () => {
  expect(await told(...fromResponse(answerOf({ degrees: 5 })))).toEqual({ type: 'text', value: '5 degrees' })
})

it('takes no result for one that no model would take', async () => {
  const output = { type: 'content', value: 'none', degrees: 7 }
  expect(await told(...fromResponse(answerOf(output)))).toEqual({ type: 'text', value: '7 degrees' })
})

it('keeps what the application says of a call that a person is asked about', async () => {
  const approval = { id: 'ap', descriptor: { risk: 'high' } }
  const call = { type: 'tool-pay', toolCallId: 'c', input: {}, state: 'approval-requested', approval }
  const kept = fromUIMessage({ id: 'm', role: 'assistant', parts: [call as never] })
  const content = kept[0]!.content as readonly object[]
  expect(content.at(-1)).toMatchObject({ approvalId: 'ap', approvalDescriptor: { risk: 'high' } })
  const [shown] = await toUIMessages(kept as never)
  // AI SDK 6 knows none.
  const known = 'uploadFile' in ai ? approval : { id: 'ap' }
  expect(shown!.parts.at(-1)).toMatchObject({ approval: known })
})
