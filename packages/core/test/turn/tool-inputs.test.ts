import { expect, it } from 'vitest'
import * as z from 'zod'
import * as mini from 'zod/mini'
import { createSessionApi } from '../../src/http.js'
import {
  createSessions,
  type MessagePart,
  type Respond,
  type Tool,
  type Tools,
  type TurnOptions,
} from '../../src/index.js'
import { opened } from './turns.js'

const calls: Respond = ({ steps }) =>
  steps.length > 0
    ? 'Done'
    : ['find', 'put', 'ping', 'free'].map((toolName) => ({
        type: 'tool-call',
        toolCallId: toolName,
        toolName,
        input: { maxPrice: 3, sku: 'a' },
      }))

it('knows the input of each tool from its schema', async () => {
  const session = await opened()
  const { replies } = await session.turn('Hi', calls, {
    tools: {
      find: {
        inputSchema: z.object({ maxPrice: z.number(), sort: z.string().default('price') }),
        execute: async ({ maxPrice, sort }, { signal }) => {
          // @ts-expect-error It is a number.
          const text: string = maxPrice
          return `${maxPrice.toFixed(2)} ${sort.toUpperCase()} ${signal.aborted} ${typeof text}`
        },
      },
      put: {
        inputSchema: mini.object({ sku: mini.string() }),
        async execute({ sku }, { cart, toolCallId }) {
          await cart.add(
            { sku: sku.trim(), name: 'A', price: { amount: 1, currency: 'USD' } },
            { changeId: toolCallId },
          )
        },
      },
      ping: { execute: () => 'pong' },
      free: { inputSchema: { type: 'object' }, execute: ({ sku }: { sku: string }) => sku },
    },
  }).result
  const results = (replies[1]!.content as MessagePart[]).map(({ output }) => output)
  expect(results).toEqual(['3.00 PRICE false number', null, 'pong', 'a'])
})

it('refuses a tool that expects another input than its schema gives', () => {
  const options = { sessions: createSessions(), identify: () => ({ tenantId: 'acme' }) }
  createSessionApi({
    ...options,
    tools: {
      find: {
        inputSchema: z.object({ maxPrice: z.number() }),
        execute: ({ maxPrice }) => maxPrice.toFixed(2),
      },
      // @ts-expect-error Its schema has no `name`.
      put: { inputSchema: z.object({ sku: z.string() }), execute: ({ name }: { name: string }) => name },
    },
  })
})

it('takes tools that are made elsewhere', () => {
  const find: Tool<{ maxPrice: number }> = {
    inputSchema: z.object({ maxPrice: z.number() }),
    execute: ({ maxPrice }, { identity }) => `${identity.tenantId} ${maxPrice.toFixed(2)}`,
  }
  const tools: Tools = { find, put: { inputSchema: z.object({}), execute: (input: object) => input } }
  const options: TurnOptions = { tools }
  const typed: Tools<{ find: { maxPrice: number } }> = {
    find: { ...find, execute: ({ maxPrice }) => maxPrice },
  }
  const turn = async () => {
    const session = await opened()
    session.turn('Hi', calls, options)
    session.turn('Hi', calls, { tools: typed, key: 'a' })
    session.turn('Hi', calls, { tools: { ...tools, find }, key: 'b' })
    session.turn('Hi', calls, { key: 'c' })
    const own = {
      find: { inputSchema: z.object({ sku: z.string() }), execute: ({ sku }: { sku: string }) => sku },
    }
    const some = session.id === '' ? own : {}
    session.turn('Hi', calls, { tools: some })
    createSessionApi({ sessions: createSessions(), identify: () => ({ tenantId: 'acme' }), tools: some })
    session.turn('Hi', calls)
  }
  expect(turn).toBeTypeOf('function')
})
