import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import * as mini from 'zod/mini'
import * as v3 from 'zod/v3'
import { createSessions, type JsonObject, type Tools } from '../../src/index.js'
import { createSessionApi } from '../../src/http.js'
import { startGate } from '../service.js'
import { all, fast, opened } from './turns.js'

describe('tools', () => {
  it('run with the session at hand, and their results go to the model and to history', async () => {
    const session = await opened()
    const seen: unknown[] = []
    const result = await session.turn(
      'Two phones',
      async function* (turn) {
        const { steps } = turn
        seen.push(
          await turn.context({ maxTokens: 1000 }).then(({ messages }) => messages.map(({ role }) => role)),
        )
        if (steps.length > 0) return yield 'Done'
        yield 'Adding. '
        yield { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { sku: 'P1' } }
        yield { type: 'tool-call', toolCallId: 'c2', toolName: 'fail', input: {} }
      },
      {
        tools: {
          add: {
            execute: async ({ sku }: { sku: string }, { cart, identity, fence }) => {
              const { items } = await cart.add({
                sku,
                name: 'Phone',
                quantity: 2,
                price: { amount: 1, currency: 'EUR' },
              })
              return { lines: items.length, user: identity.userId!, fence }
            },
          },
          fail: { execute: () => Promise.reject(new Error('sold out')) },
        },
      },
    ).result
    expect(result.replies.map(({ role, content }) => ({ role, content }))).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Adding. ' },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { sku: 'P1' } },
          { type: 'tool-call', toolCallId: 'c2', toolName: 'fail', input: {} },
        ],
      },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'c1',
            toolName: 'add',
            output: { lines: 1, user: 'alice', fence: 1 },
          },
          { type: 'tool-result', toolCallId: 'c2', toolName: 'fail', output: 'sold out', isError: true },
        ],
      },
      { role: 'assistant', content: 'Done' },
    ])
    expect(seen).toEqual([['user'], ['user', 'assistant', 'tool']])
    expect((await session.cart.get()).items).toMatchObject([{ quantity: 2 }])
    expect(result.reply.id).toBe((await session.history()).messages.at(-1)!.id)
  })

  it('run 32 at a time, however many a model calls, and none after the turn is stopped', async () => {
    const session = await opened()
    let running = 0
    let most = 0
    const begun: number[] = []
    const stopping = new AbortController()
    const calling = (execute: (index: number) => Promise<number>) =>
      session.turn(
        'Look everything up',
        async function* ({ steps }) {
          if (steps.length > 0) return yield 'Done'
          for (let index = 0; index < 100; index++) {
            yield { type: 'tool-call', toolCallId: `c${index}`, toolName: 'look', input: { index } }
          }
        },
        {
          tools: { look: { execute: async ({ index }: { index: number }) => execute(index) } },
          signal: stopping.signal,
        },
      ).result
    const { replies } = await calling(async (index) => {
      most = Math.max(most, ++running)
      // All that may run beside it have begun when it ends, also where the event loop is busy.
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 0))
      running--
      return index
    })
    const outputs = replies
      .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
      .flatMap((part) => (part.type === 'tool-result' ? [part.output] : []))
    expect(most).toBe(32)
    expect(outputs).toEqual(Array.from({ length: 100 }, (_, index) => index))

    const { status } = await calling((index) => {
      begun.push(index)
      if (begun.length === 32) stopping.abort()
      return new Promise(() => {})
    })
    expect(status).toBe('aborted')
    expect(begun).toEqual(Array.from({ length: 32 }, (_, index) => index))
  })

  it.each([
    ['as it is', {}],
    ['redacted', { redact: (text: string) => text }],
  ])('keep what they gave back before the turn was stopped, %s', async (_, options) => {
    const session = await opened({ turns: fast, onWarning: () => {}, ...options })
    const added = startGate()
    const turn = session.turn(
      'A phone, and look it up',
      () => [
        { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: {} },
        { type: 'tool-call', toolCallId: 'c2', toolName: 'fail', input: {} },
        { type: 'tool-call', toolCallId: 'c3', toolName: 'look', input: {} },
      ],
      {
        tools: {
          // Gives up when it is told to, as a client that is handed the signal does.
          look: {
            execute: async (_input: never, { signal }) =>
              new Promise((_resolve, reject) =>
                signal.addEventListener('abort', () => reject(signal.reason)),
              ),
          },
          add: {
            execute: async (_input: never, { cart }) => {
              const { items } = await cart.add({ sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } })
              added.open()
              return { lines: items.length }
            },
          },
          fail: { execute: () => Promise.reject(new Error('sold out')) },
        },
      },
    )
    await added.opened
    // What the tool gives back is there some steps later.
    for (let steps = 0; steps < 50; steps++) await new Promise((resolve) => setImmediate(resolve))
    await turn.cancel()
    const { status, replies } = await turn.result
    expect(status).toBe('aborted')
    expect(replies.map(({ role, content }) => [role, role === 'tool' ? content : undefined])).toEqual([
      ['assistant', undefined],
      [
        'tool',
        [
          { type: 'tool-result', toolCallId: 'c1', toolName: 'add', output: { lines: 1 } },
          { type: 'tool-result', toolCallId: 'c2', toolName: 'fail', output: 'sold out', isError: true },
        ],
      ],
      ['assistant', undefined],
    ])
    const told = (await all(turn.events())).map(({ type }) => type)
    expect(told.slice(3)).toEqual(['tool-call', 'tool-result', 'tool-result', 'aborted'])
    // The call that was interrupted gets a result of its own.
    const { messages } = await session.context({ maxTokens: 2000 })
    const results = messages.flatMap(({ role, content }) =>
      role === 'tool' ? [...(content as object[])] : [],
    )
    expect(results).toMatchObject([
      { toolCallId: 'c1', output: { lines: 1 } },
      { toolCallId: 'c2', output: 'sold out' },
      { toolCallId: 'c3', output: { type: 'error-text' } },
    ])
  })

  it('stops a model that calls them without end', async () => {
    const session = await opened({ turns: { ...fast, maxSteps: 3 } })
    let asked = 0
    const result = await session.turn(
      'Hi',
      () => ({ type: 'tool-call', toolCallId: `c${++asked}`, toolName: 'noop', input: {} }),
      { tools: { noop: { execute: () => null } } },
    ).result
    expect(result).toMatchObject({ status: 'failed', code: 'limit_reached' })
    expect(asked).toBe(3)
  })

  it.each([
    ['zod', z.strictObject({ sku: z.string().min(2), quantity: z.int().default(1) })],
    [
      'zod/mini',
      mini.strictObject({
        sku: mini.string().check(mini.minLength(2)),
        quantity: mini._default(mini.int(), 1),
      }),
    ],
  ])(
    'run with what a schema of %s makes of their input, and not at all when it refuses it',
    async (_, inputSchema) => {
      const session = await opened()
      const ran: unknown[] = []
      let described: unknown
      const result = await session.turn(
        'Two phones',
        ({ steps, tools }) => {
          described = tools
          if (steps.length > 0) return 'Done'
          return [
            { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: { sku: 'P1' } },
            { type: 'tool-call', toolCallId: 'c2', toolName: 'add', input: { sku: 'P' } },
          ]
        },
        { tools: { add: { inputSchema, execute: (input: unknown) => ran.push(input) } } },
      ).result
      expect(ran).toEqual([{ sku: 'P1', quantity: 1 }])
      expect(described).toMatchObject([{ name: 'add', inputSchema: { type: 'object', required: ['sku'] } }])
      const refused = (result.replies[1]!.content as readonly { output: string; isError?: boolean }[])[1]!
      expect(refused.isError).toBe(true)
      expect(JSON.parse(refused.output)).toMatchObject([{ code: 'too_small', path: ['sku'] }])
    },
  )

  const execute = () => 1
  const schemaOf = Object.assign(() => {}, { '~standard': { version: 1, vendor: 'a', validate: () => {} } })
  it.each([
    ['a schema of zod 3', { inputSchema: v3.object({ sku: v3.string() }), execute }, 'inputSchema'],
    [
      'a schema of a library of plain objects',
      { inputSchema: { ...schemaOf, kind: 'schema' }, execute },
      'inputSchema',
    ],
    ['a schema of a library of functions', { inputSchema: schemaOf, execute }, 'inputSchema'],
    ['the fields of a schema', { inputSchema: { sku: z.string() }, execute }, 'inputSchema'],
    ['nothing to run', { inputSchema: { type: 'object' } }, 'execute'],
  ])('are refused with %s, before anything is stored', async (_, tool, field) => {
    const session = await opened()
    const tools = { add: tool } as unknown as Tools
    const refusal = { code: 'invalid', path: `tools.add.${field}` }
    await expect(session.turn('Hi', () => 'Hi', { tools }).result).rejects.toMatchObject(refusal)
    expect((await session.history()).messages).toEqual([])
    const options = {
      sessions: createSessions(),
      identify: () => ({ tenantId: 'acme' }),
      respond: () => 'Hi',
    }
    expect(() => createSessionApi({ ...options, tools })).toThrow(expect.objectContaining(refusal))
  })

  it('take JSON Schema as other libraries declare it, with fields that are undefined', async () => {
    interface Declared {
      readonly type: 'object'
      readonly properties?: Record<string, object>
      readonly description?: string | undefined
    }
    const session = await opened()
    const inputSchema: Declared = { type: 'object', description: undefined }
    const tools = { add: { inputSchema, execute: () => 1 } }
    expect(await session.turn('Hi', () => 'Hello', { tools }).result).toMatchObject({ status: 'completed' })
  })

  it('take JSON Schema as deep and as long as servers of tools have it', async () => {
    const session = await opened()
    const fields = Object.fromEntries(Array.from({ length: 6000 }, (_, n) => [`f${n}`, { type: 'string' }]))
    let inputSchema: JsonObject = { type: 'object', properties: fields }
    for (let level = 0; level < 40; level++) inputSchema = { anyOf: [{ type: 'null' }, inputSchema] }
    const tools = { add: { inputSchema, execute: () => 1 } }
    expect(await session.turn('Hi', () => 'Hello', { tools }).result).toMatchObject({ status: 'completed' })
  })
})
