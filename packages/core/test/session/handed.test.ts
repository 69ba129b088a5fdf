import { describe, expect, it } from 'vitest'
import type { Cart, JsonObject, Session } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 99_900, currency: 'USD' } }

async function open() {
  const mine = service().for(alice)
  const session = await mine.create({ state: { tasks: ['ask'] }, cart: [phone] })
  const stored = async () => {
    const { state, preferences, cart } = await (await mine.get(session.id)).read()
    return { state, preferences, price: cart.items[0]?.price.amount }
  }
  return { session, stored }
}

// What a caller in JavaScript does, which types cannot hold back.
const tasksOf = (state: object): unknown[] => (state as { tasks: unknown[] }).tasks
const priceOf = ({ items }: Cart): { amount: number } => items[0]!.price
const write = (to: object, name: string, value: unknown): unknown => Reflect.set(to, name, value)

describe('what a caller does to a value that it got, or gave, is stored by no later change', () => {
  const handed: [string, (session: Session) => Promise<unknown>][] = [
    ['the state', async ({ state }) => tasksOf(await state.get()).push('pay')],
    ['the contents', async (session) => tasksOf((await session.read()).state).push('pay')],
    ['the contents as last seen', async (session) => write(session.contents!.state, 'paid', true)],
    ['the cart', async ({ cart }) => priceOf(await cart.get()).amount--],
    ['a cart after a change', async ({ cart }) => priceOf(await cart.merge({ items: [] })).amount--],
    [
      'a state that an update was given, and then threw',
      async ({ state }) => {
        const change = (given: JsonObject): never => {
          tasksOf(given).push('pay')
          throw new TypeError('too many tasks')
        }
        await expect(state.update(change)).rejects.toThrow('too many tasks')
      },
    ],
  ]
  it.each(handed)('%s', async (_, act) => {
    const { session, stored } = await open()
    const before = await stored()
    await act(session)
    await session.preferences.merge({ tone: 'short' })
    expect(await stored()).toEqual({ ...before, preferences: { tone: 'short' } })
  })

  it('the state and the preferences that it gave', async () => {
    const { session, stored } = await open()
    const state: { tasks: string[] } = { tasks: ['ask'] }
    const preferences = { brands: ['Acme'] }
    await session.state.update(() => state)
    await session.preferences.merge(preferences)
    tasksOf(state).push(10n)
    preferences.brands.push('Other')
    await session.cart.add({ ...phone, sku: 'P2' })
    expect(await stored()).toMatchObject({ state: { tasks: ['ask'] }, preferences: { brands: ['Acme'] } })
  })
})

it('an update that changes the state in place, and returns it, changes the state', async () => {
  const { session, stored } = await open()
  const push = (task: unknown) => (state: JsonObject) => {
    tasksOf(state).push(task)
    return state
  }
  expect(await session.state.update(push('pay'))).toEqual({ tasks: ['ask', 'pay'] })
  expect((await stored()).state).toEqual({ tasks: ['ask', 'pay'] })
  expect(await codeOf(session.state.update(push(10n)))).toBe('invalid')
  expect((await stored()).state).toEqual({ tasks: ['ask', 'pay'] })
})

it('a change that was refused for what another handle has taken away meanwhile is made', async () => {
  const mine = service().for(alice)
  const one = await mine.create({ state: { text: 'x'.repeat(60_000) } })
  const other = await mine.get(one.id)
  await other.state.merge({ text: null })
  await one.state.merge({ more: 'y'.repeat(10_000) })
  expect(Object.keys(await other.state.get())).toEqual(['more'])
})

it('what a caller does to a context is in no later one', async () => {
  const { session } = await open()
  await session.append([
    { role: 'system', content: [{ type: 'text', text: 'You sell phones.' }] },
    { role: 'user', content: [{ type: 'text', text: 'Which phone?' }], name: 'alice' },
    {
      role: 'assistant',
      content: [
        { type: 'tool-call', toolCallId: 'a', toolName: 'stock', input: { skus: ['P1'] } },
        { type: 'tool-call', toolCallId: 'b', toolName: 'stock', input: { skus: ['P2'] } },
      ],
    },
    {
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: 'a', output: { type: 'json', value: [1] } }],
    },
    { role: 'assistant', content: 'One is left.' },
    { role: 'user', content: [{ type: 'text', text: 'Send it' }] },
  ])
  const texts = async () => {
    const { messages } = await session.context({ maxTokens: 4000 })
    return { messages, text: JSON.stringify(messages) }
  }
  const first = await texts()
  for (const { content } of first.messages) spoil(content)
  expect((await texts()).text).toBe(first.text)
  expect(JSON.stringify(first.messages)).not.toBe(first.text)
})

it('what a tool does to its input, and to its output later, is not what the model called it with, nor what it gave', async () => {
  const { session } = await open()
  const output = { left: [1] }
  let steps = 0
  const turn = session.turn(
    'Is it there?',
    async function* () {
      if (steps++ > 0) return yield 'It is.'
      output.left.push(1)
      yield { type: 'tool-call', toolCallId: 'a', toolName: 'stock', input: { skus: ['P1'] } }
    },
    {
      tools: {
        stock: {
          execute: (input: { skus: string[] }) => {
            input.skus.push('P2')
            return output
          },
        },
      },
    },
  )
  await turn.result
  output.left.push(2)
  const { messages } = await session.history()
  expect(messages[1]!.content).toMatchObject([{ type: 'tool-call', input: { skus: ['P1'] } }])
  expect(messages[2]!.content).toMatchObject([{ type: 'tool-result', output: { left: [1, 1] } }])
})

/** Changes every text, object and list within a value. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    spoil(inner)
    if (typeof inner === 'string') write(value, key, `${inner}!`)
  }
  if (Array.isArray(value)) value.push('more')
  else write(value, 'cache_control', { type: 'ephemeral' })
}
