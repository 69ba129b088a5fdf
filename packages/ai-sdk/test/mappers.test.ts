import { createSessions, type JsonValue, type MessageInput } from '@sessions/core'
import {
  convertToModelMessages,
  generateText,
  type ModelMessage,
  stepCountIs,
  tool,
  type UIMessage,
  validateUIMessages,
} from 'ai'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { fromResponse, fromUIMessage, respondWith, toModelMessages, toUIMessages } from '../src/index.js'
import { call, modelOf, type Piece, text } from './models.js'

const runs = { numRuns: 50 }
const alice = { tenantId: 'acme', userId: 'alice' }

async function newSession() {
  return createSessions().for(alice).create()
}

async function expectAccepted(messages: UIMessage[]): Promise<void> {
  if (messages.length > 0) await validateUIMessages({ messages })
  await convertToModelMessages(messages)
}

const ids = fc.constantFrom('a', 'b', 'search:0')
// As JSON has it: without -0.
const anything = fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text) as JsonValue)
const extras = fc.record(
  {
    providerMetadata: fc.oneof(fc.constant({ p: { signature: 'x' } }), anything),
    providerOptions: anything,
    title: anything,
    dynamic: fc.boolean(),
    providerExecuted: fc.oneof(fc.boolean(), anything),
    toolMetadata: anything,
    state: anything,
    id: fc.oneof(ids, anything),
    isError: fc.boolean(),
  },
  { requiredKeys: [] },
)
const part = fc
  .tuple(
    extras,
    fc.oneof(
      fc.record({ type: fc.constantFrom('text', 'reasoning'), text: fc.string() }),
      fc.record({ type: fc.constant('tool-call'), toolCallId: ids, toolName: ids, input: anything }),
      fc.record({
        type: fc.constant('tool-result'),
        toolCallId: ids,
        output: fc.oneof(
          anything,
          fc.record({
            type: fc.constantFrom('text', 'json', 'error-text', 'error-json', 'execution-denied', 'content'),
            value: anything,
          }),
        ),
      }),
      fc.record({ type: fc.constant('tool-approval-request'), approvalId: ids, toolCallId: ids }),
      fc.record({
        type: fc.constant('tool-approval-response'),
        approvalId: ids,
        approved: fc.boolean(),
        reason: anything,
      }),
      fc.record({
        type: fc.constantFrom('file', 'image'),
        mediaType: fc.constantFrom('image/png', ''),
        data: fc.oneof(fc.constant('AAAA'), fc.webUrl(), anything),
      }),
      fc.record({
        type: fc.constantFrom('source', 'source-url', 'data-x', 'custom', 'thing', 'step-start'),
        data: anything,
      }),
    ),
  )
  .map(([more, given]) => ({ ...more, ...given }))
const message = fc.record(
  {
    role: fc.constantFrom('system', 'user', 'assistant', 'tool') as fc.Arbitrary<MessageInput['role']>,
    content: fc.oneof(fc.string(), fc.array(part, { maxLength: 5 })),
    status: fc.constantFrom('completed', 'failed', 'aborted') as fc.Arbitrary<'completed'>,
    metadata: fc.record(
      { ui: anything, continues: fc.boolean(), sources: anything, turn: anything },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['role', 'content'] },
)

it('gives back what the SDK accepts, whatever is in a history', async () => {
  const history = fc.array(message, { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      const session = await newSession()
      for (const one of given) await session.append(one as MessageInput).catch(() => {})
      await expectAccepted(await toUIMessages(await session.allMessages()))
      await toModelMessages(await session.allMessages())
    }),
    runs,
  )
})

const name = fc.constantFrom('weather', 'pay')
const meta = fc.constantFrom(undefined, { p: { signature: 'x' } })
const shownText = fc.record({ text: fc.string({ minLength: 1 }), meta }).map(({ text, meta }) => ({
  type: 'text' as const,
  text,
  ...(meta === undefined ? {} : { providerMetadata: meta }),
  state: 'done' as const,
}))
const shownTool = fc
  .record({
    name,
    input: fc.dictionary(fc.constantFrom('a', 'b'), anything),
    output: anything,
    dynamic: fc.boolean(),
  })
  .chain(({ name, input, output, dynamic }) => {
    const named = dynamic ? { type: 'dynamic-tool', toolName: name } : { type: `tool-${name}` }
    const approval = { id: 'ask', approved: true }
    return fc.constantFrom(
      { ...named, state: 'input-available', input },
      { ...named, state: 'output-available', input, output },
      { ...named, state: 'output-error', input, errorText: 'broken' },
      { ...named, state: 'approval-requested', input, approval: { id: 'ask' } },
      {
        ...named,
        state: 'approval-responded',
        input,
        approval: { id: 'ask', approved: false, reason: 'no' },
      },
      { ...named, state: 'output-available', input, output, approval },
      { ...named, state: 'output-denied', input, approval: { id: 'ask', approved: false } },
      { ...named, state: 'output-available', input, output, providerExecuted: true },
    )
  })
const other = fc.constantFrom(
  { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AAAA' },
  { type: 'source-url', sourceId: 's', url: 'https://example.com/', title: 'S' },
  { type: 'source-document', sourceId: 'd', mediaType: 'application/pdf', title: 'D' },
  { type: 'data-note', data: { a: [1] } },
)
const step = fc.array(fc.oneof(shownText, shownTool, other), { minLength: 1, maxLength: 4 })
const answer = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  metadata: fc.constantFrom(undefined, { a: 1 }),
})

it('gives back what a page had, after it was brought over from elsewhere', async () => {
  await fc.assert(
    fc.asyncProperty(answer, async ({ steps, metadata }) => {
      let calls = 0
      const parts = steps.flatMap((parts) => [
        { type: 'step-start' },
        ...parts.map((part) => {
          if (!('input' in part)) return part
          const toolCallId = `c${++calls}`
          const asked =
            'approval' in part ? { approval: { ...(part.approval as object), id: toolCallId } } : {}
          return { ...part, toolCallId, ...asked }
        }),
      ])
      const given = {
        id: 'a1',
        role: 'assistant',
        ...(metadata === undefined ? {} : { metadata }),
        parts,
      } as UIMessage
      const session = await newSession()
      await session.append(fromUIMessage(given))
      const [shown, ...others] = await toUIMessages(await session.allMessages())
      expect(others).toEqual([])
      expect(shown).toEqual(given)
      await expectAccepted([shown!])
    }),
    runs,
  )
})

it('gives back a call that comes again under its id after it was asked about, as the SDK accepts it', async () => {
  const session = await newSession()
  const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'pay', input: {} }
  const asked = { type: 'tool-approval-request', approvalId: 'ask', toolCallId: 'c1' }
  await session.append({ role: 'assistant', content: [call, asked, { ...call, input: { a: 1 } }] })
  const shown = await toUIMessages(await session.allMessages())
  await expectAccepted(shown)
  expect(shown[0]!.parts.at(-1)).toMatchObject({ state: 'input-available', input: { a: 1 } })
})

it('gives back a text that stands before an answer about a call, as the SDK accepts it', async () => {
  const session = await newSession()
  const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'pay', input: {} }
  const asked = { type: 'tool-approval-request', approvalId: 'ask', toolCallId: 'c1' }
  const answered = { type: 'tool-approval-response', approvalId: 'ask', approved: false }
  await session.append([
    { role: 'assistant', content: [call, asked, { type: 'text', text: 'May I?' }] },
    { role: 'tool', content: [answered] },
  ])
  const shown = await toUIMessages(await session.allMessages())
  await expectAccepted(shown)
  expect(shown[0]!.parts).toContainEqual(expect.objectContaining({ type: 'text', text: 'May I?' }))
})

it('leaves what a tool gave as it is, also if it has a type', async () => {
  const session = await newSession()
  const called = { type: 'tool-call', toolCallId: 'c1', toolName: 'read', input: {} }
  const output = { type: 'text', text: 'A page.' }
  await session.append([
    { role: 'assistant', content: [called] },
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', output }] },
  ])
  expect((await toUIMessages(await session.allMessages()))[0]!.parts.at(-1)).toMatchObject({ output })
})

it('gives back a message of a user as it was', async () => {
  const given: UIMessage = {
    id: 'u1',
    role: 'user',
    metadata: { sentBy: 'phone' },
    parts: [
      { type: 'file', mediaType: 'image/png', filename: 'a.png', url: 'data:image/png;base64,AAAA' },
      { type: 'text', text: 'What?' },
      { type: 'data-place', data: { city: 'Rome' } },
    ],
  }
  const session = await newSession()
  await session.append(fromUIMessage(given))
  expect(await toUIMessages(await session.allMessages())).toEqual([given])
})

const pieces: fc.Arbitrary<Piece[]> = fc
  .array(
    fc.oneof(
      fc
        .tuple(ids, fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 3 }))
        .map(([id, deltas]) => text(id, ...deltas)),
      fc.tuple(ids, fc.string()).map(([id, delta]) => [
        { type: 'reasoning-start', id },
        { type: 'reasoning-delta', id, delta },
        { type: 'reasoning-end', id, providerMetadata: { p: { signature: 'x' } } },
      ]),
      fc.constantFrom(
        [{ type: 'source', sourceType: 'url', id: 's', url: 'https://example.com/' }],
        [{ type: 'file', mediaType: 'image/png', data: 'AAAA' }],
      ),
      fc.nat().map((n) => call(`c${n}`, 'weather', { n })),
    ),
    { maxLength: 5 },
  )
  .map((groups) => groups.flat())

it('has an answer of any model in the log as the SDK has it', async () => {
  const weather = tool({
    inputSchema: z.object({ n: z.number() }),
    execute: ({ n }) => (n % 2 === 0 ? 'rain' : undefined),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 3 }), async (answers) => {
      const session = await newSession()
      const model = modelOf(...answers, text('0', 'End.'))
      await session.turn('Hi', respondWith(model, { tools: { weather } })).result
      const history = await session.allMessages()
      await expectAccepted(await toUIMessages(history))
      const again = await newSession()
      for (const shown of await toUIMessages(history))
        await again.append(fromUIMessage(shown)).catch(() => {})
      const [, ...told] = await toUIMessages(await again.allMessages())
      const [, ...kept] = await toUIMessages(history)
      if (told.length > 0) expect(told[0]!.parts).toEqual(kept[0]!.parts)
    }),
    { numRuns: 20 },
  )
})

/** AI SDK 6 has them in another place. */
function messagesOf(result: object): ModelMessage[] {
  const { responseMessages, response } = result as Record<string, ModelMessage[]> & {
    response: { messages: ModelMessage[] }
  }
  return responseMessages ?? response.messages
}

it('keeps the response of generateText', async () => {
  const weather = tool({ inputSchema: z.object({ place: z.string() }), execute: () => ({ degrees: 21 }) })
  const session = await newSession()
  await session.append({ role: 'user', content: 'Rome?' })
  const model = modelOf(call('c1', 'weather', { place: 'Rome' }), text('0', '21.'))
  model.doGenerate = async (options) => {
    const { stream } = await model.doStream(options)
    const content: object[] = []
    for await (const piece of stream as never as AsyncIterable<Piece>) {
      if (piece.type === 'tool-call') content.push(piece)
      if (piece.type === 'text-delta') content.push({ type: 'text', text: piece['delta'] })
      if (piece.type === 'finish') return { content, warnings: [], ...piece } as never
    }
    throw new Error('no end')
  }
  const result = await generateText({ model, prompt: 'Rome?', tools: { weather }, stopWhen: stepCountIs(5) })
  await session.append(fromResponse(messagesOf(result)))
  const [, shown] = await toUIMessages(await session.allMessages())
  expect(shown!.parts.map(({ type }) => type)).toEqual(['step-start', 'tool-weather', 'step-start', 'text'])
  const { messages } = await session.context({ maxTokens: 2000 })
  expect((await toModelMessages(messages)).map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
  ])
})
