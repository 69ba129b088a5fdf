import { type Cart, type Order, type Respond, type Session, textOf } from '@sessions/core'
import { answer } from './answer.js'
import { readConversation, writeConversation } from './conversation.js'
import type { CartAction, Outcome } from './outcome.js'
import { parse } from './parse.js'
import { readPreferences } from './preferences.js'
import { recall } from './recall.js'

/**
 * The assistant of the shop: rules, no model, no network, the same answer every time. It reads the log, the state,
 * the preferences and the cart of the session, and changes the last three.
 */
export const respond: Respond = async function* ({ session, input, messageId, signal }) {
  const text = await reply(session, textOf({ content: input }), messageId)
  for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
    if (signal.aborted) return
    yield piece
  }
}

async function reply(session: Session, question: string, messageId: string): Promise<string> {
  const { state, preferences, cart } = await session.read()
  const conversation = readConversation(state)
  const intent = parse(question, conversation)
  if (intent.type === 'recall') return recall(intent, session, messageId)
  const situation = {
    conversation,
    preferences: readPreferences(preferences),
    cart,
    orders: intent.type === 'orders' ? await session.orders() : [],
  }
  return carryOut(session, answer(intent, situation), situation.cart)
}

async function carryOut(session: Session, outcome: Outcome, before: Cart): Promise<string> {
  const { say, conversation, preferences, actions = [] } = outcome
  let cart = before
  let order: Order | undefined
  for (const action of actions) {
    if (action.type === 'checkout') order = await session.cart.checkout()
    else cart = await change(session, action)
  }
  if (preferences !== undefined) await session.preferences.merge(preferences)
  if (conversation !== undefined)
    await session.state.update((state) => writeConversation(state, conversation))
  return typeof say === 'string' ? say : say({ cart, order })
}

async function change(session: Session, action: Exclude<CartAction, { type: 'checkout' }>): Promise<Cart> {
  switch (action.type) {
    case 'add':
      return session.cart.add(action.item)
    case 'quantity':
      return session.cart.setQuantity(action.itemId, action.quantity)
    case 'remove':
      return session.cart.remove(action.itemId)
    case 'clear':
      return session.cart.clear()
  }
}
