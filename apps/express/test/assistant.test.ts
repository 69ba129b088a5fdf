import { createSessions, memoryStore, type Session } from '@sessions/core'
import { beforeEach, describe, expect, test } from 'vitest'
import { parse } from '../src/assistant/parse.js'
import { newConversation, readConversation } from '../src/assistant/conversation.js'
import { respond } from '../src/assistant/respond.js'
import { findProducts, type Product } from '../src/catalogue/catalogue.js'

let session: Session

beforeEach(async () => {
  session = await createSessions({ store: memoryStore() }).for({ tenantId: 'shop' }).create()
})

async function say(text: string): Promise<string> {
  return (await session.turn(text, respond).result).text
}

async function shown(): Promise<Product[]> {
  return findProducts(readConversation(await session.state.get()).shown)
}

/** Each line is said in turn; what the reply to it holds. */
type Dialogue = readonly (readonly [says: string, ...replies: (string | RegExp)[]])[]

const dialogues: Record<string, Dialogue> = {
  'history: first, last, nth, again': [
    ['What did I ask first?', 'first thing you said'],
    ['Do you have any tablets?', 'tablets'],
    ['And keyboards?', 'keyboards'],
    ['what was my first question?', '“What did I ask first?”'],
    ['what did I just say?', '“what was my first question?”'],
    ['what was my second question?', '“Do you have any tablets?”'],
    ['say that again', '“Do you have any tablets?”'],
    ['how many questions have I asked?', '7 times'],
    ['what have we talked about?', '2. Do you have any tablets?'],
  ],
  'repeat that': [
    ['show me drones', 'DJI Mini 4 Pro'],
    ['repeat that', 'DJI Mini 4 Pro'],
  ],
  'follow-ups: cheaper, only, about, more': [
    ['show me smartphones', '1. Apple iPhone 15 Pro, $999'],
    ['something cheaper', 'cheaper smartphones'],
    ['only Samsung', 'smartphones by Samsung'],
    ['what about headphones?', 'headphones by Samsung'],
    ['what about Sony?', 'headphones by Sony'],
    ['show me more', 'more headphones by Sony'],
    ['show me more', 'That is all'],
    ['no Sony please', 'not by Sony'],
  ],
  'details, features, comparing': [
    ['waterproof speakers under $200', 'waterproof'],
    ['tell me more about the first', 'JBL Flip 6 costs $129'],
    ['is it waterproof?', /^Yes\./],
    ['does it have a subwoofer?', /^Not that I know of/],
    ['compare the first two', 'JBL Flip 6', 'JBL Charge 5', 'costs least'],
    ['compare iPhone 15 Pro with Galaxy S24 Ultra', 'Apple iPhone 15 Pro', 'Samsung Galaxy S24 Ultra'],
    ['do you have the Kindle Paperwhite?', '$149'],
  ],
  'the cart': [
    ["what's in my cart?", 'empty'],
    ['add the second one', 'What should I add?'],
    ['show me smartwatches', 'Apple Watch Ultra 2'],
    ['add the second one', 'Added Apple Watch Series 9', '$399 for one thing'],
    ['add it to my cart', '$798 for 2 things'],
    ['make it three', '3 × Apple Watch Series 9', '$1,197 for 3 things'],
    ['add 2 iPhone 15 Pro', 'Added 2 × Apple iPhone 15 Pro'],
    ['how much is it all?', '$3,195 for 5 things'],
    ["what's in my cart?", '3 × Apple Watch Series 9', '2 × Apple iPhone 15 Pro'],
    ['remove the phone', 'Removed Apple iPhone 15 Pro'],
    ['remove the laptop', 'not in your cart'],
    ['checkout', 'Ordered', '$1,197 in total'],
    ['checkout', 'empty'],
    ['what did I buy?', '3 × Apple Watch Series 9'],
  ],
  'buying in other words': [
    ['I want to buy a laptop', 'MacBook Air'],
    ["I'll take the cheapest", 'Added'],
    ['buy the last one', 'Added'],
    ['empty my cart', 'empty now'],
  ],
  'preferences, stated and used': [
    ["what's my budget?", 'nothing of you yet'],
    ['my budget is 500 to 1000', '$500 to $1,000'],
    ['I like Samsung', 'you like Samsung'],
    ['I hate Apple', 'rather not have Apple'],
    ['what do you know about me?', '$500 to $1,000', 'you like Samsung', 'not have Apple'],
    ['show me phones', '1. Samsung Galaxy', 'within your budget'],
    ['forget my budget', 'Forgotten'],
    ["what's my budget?", /^(?!.*budget)/],
    ['hello', 'Hello again! I remember that you like Samsung'],
  ],
  talk: [
    ['hi there', 'Hello!'],
    ['help', 'You can ask'],
    ['thanks a lot!', 'welcome'],
    ['do you sell bicycles?', 'I found no “bicycles” here'],
    ['what is the meaning of life?', 'I found no'],
    ['asdf qwer', 'did not understand'],
    ['日本語のテスト', 'did not understand'],
    ['?!', 'did not understand'],
    ['bye', 'Goodbye'],
  ],
}

describe.each(Object.entries(dialogues))('%s', (_name, dialogue) => {
  test('goes as it should', async () => {
    for (const [says, ...replies] of dialogue) {
      const reply = await say(says)
      for (const expected of replies) expect(reply, `after “${says}”`).toMatch(expected)
    }
  })
})

test('cheaper is cheaper than everything that was shown', async () => {
  await say('show me laptops')
  for (let round = 0; round < 3; round++) {
    const least = Math.min(...(await shown()).map(({ price }) => price.amount))
    await say('something cheaper')
    for (const { price, category } of await shown()) {
      expect(price.amount).toBeLessThan(least)
      expect(category).toBe('laptop')
    }
  }
})

test('what is stated is kept as the guide writes it', async () => {
  await say('My budget is $500 to $1,000 and I like Samsung')
  expect(await session.preferences.get()).toEqual({ budget_range: '500-1000', preferred_brands: ['Samsung'] })
  await say('my budget is 1.5k')
  await say('I love Sony')
  expect(await session.preferences.get()).toEqual({
    budget_range: '0-1500',
    preferred_brands: ['Samsung', 'Sony'],
  })
  await say("I don't like Samsung")
  expect(await session.preferences.get()).toEqual({
    budget_range: '0-1500',
    preferred_brands: ['Sony'],
    avoided_brands: ['Samsung'],
  })
})

test('what was shown outlives the handle, and other state stays', async () => {
  await session.state.merge({ campaign: 'spring' })
  await say('show me drones')
  const state = await session.state.get()
  expect(state['campaign']).toBe('spring')
  expect(readConversation(state).shown).toHaveLength(4)
})

test('state that somebody else wrote does no harm', async () => {
  for (const shopping of [7, 'x', [], { shown: 7 }, { shown: ['none', 3] }, { filters: { category: 1 } }]) {
    await session.state.update(() => ({ shopping }))
    expect(await say('add the second one')).toContain('What should I add?')
    expect(await say('something cheaper')).toContain('1. ')
  }
})

test('the same question gives the same answer', async () => {
  const one = await say('best headphones under $300')
  session = await createSessions({ store: memoryStore() }).for({ tenantId: 'shop' }).create()
  expect(await say('best headphones under $300')).toBe(one)
})

test('no text takes it for ever, or down', () => {
  const texts = [
    'a '.repeat(2000),
    '1-'.repeat(2000),
    'from 1 to '.repeat(400),
    '$'.repeat(4000),
    'what '.repeat(800),
  ]
  for (const text of [
    ...texts,
    `add ${'one of '.repeat(600)}`,
    '\u0000',
    '\uD800',
    'constructor',
    '__proto__',
    'toString',
  ]) {
    expect(() => parse(text, newConversation)).not.toThrow()
  }
})

test('reads the first 4,000 characters of a text, and nothing after them', () => {
  const wish = 'show me smartphones'
  const after = (count: number) => parse(`${' '.repeat(count)}${wish}`, newConversation).type
  expect([after(4000 - wish.length), after(4000)]).toEqual(['search', 'unknown'])
})
