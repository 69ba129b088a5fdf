import { setTimeout } from 'node:timers/promises'
import { type JsonObject, type Respond, textOf, type TurnContext, type TurnPart } from '@sessions/core'
import { categories, findProduct, type Product } from '../catalogue.ts'
import { type Intent, parseIntent, type Target } from './intent.ts'
import { recall } from './recall.ts'
import { resultsIn, sayLikings, tell } from './results.ts'
import { story } from './story.ts'
import { tastes, textsIn } from './tastes.ts'
import { quote, sayList } from './wording.ts'

/** The next step: answer, or call tools and be called again. */
type Plan = { readonly say: string } | { readonly calls: readonly Call[]; readonly say?: string }
type Call = readonly [tool: string, input: JsonObject]

/**
 * The assistant that needs no key and no network: rules over the session. It reads history, state, preferences and
 * cart, and changes them by its tools alone, as a model would.
 */
export const respondLocally: Respond = async function* (turn) {
  const results = resultsIn(turn.steps)
  if (results.length > 0) {
    yield* words(tell(results), turn.signal)
    return
  }
  const said = textOf({ content: turn.input })
  const plan = await planFor(parseIntent(said), said, turn)
  if (plan.say !== undefined) yield* words(plan.say, turn.signal)
  if (!('calls' in plan)) return
  for (const [index, [toolName, input]] of plan.calls.entries()) {
    yield { type: 'tool-call', toolCallId: `${turn.turnId}.${index}`, toolName, input } satisfies TurnPart
  }
}

async function planFor(intent: Intent, said: string, turn: TurnContext): Promise<Plan> {
  const { session, fence } = turn
  switch (intent.type) {
    case 'recall':
      return { say: await recall(session, intent.what) }
    case 'known': {
      const known = sayLikings(await session.preferences.get())
      return {
        say:
          known === ''
            ? 'Nothing yet. Try “my budget is 40” or “I like tea and maps”.'
            : `I know that ${known}.`,
      }
    }
    case 'remember':
      return { calls: [['remember', await merged(intent.likings as JsonObject, turn)]] }
    case 'forget':
      return { calls: [['remember', forgetting(intent.what)]] }
    case 'search': {
      const { query, maxPrice } = intent
      return { calls: [['search_products', { query, ...(maxPrice === undefined ? {} : { maxPrice }) }]] }
    }
    case 'add':
    case 'remove':
      return changeCart(intent, turn)
    case 'cart':
      return { calls: [['show_cart', {}]] }
    case 'clear':
      return { calls: [['clear_cart', {}]] }
    case 'checkout':
      return { calls: [['checkout', {}]] }
    case 'orders': {
      const orders = await session.orders()
      const names = orders.flatMap(({ items }) => items.map(({ quantity, name }) => `${quantity} × ${name}`))
      return {
        say: names.length === 0 ? 'You have not ordered anything here.' : `You ordered ${sayList(names)}.`,
      }
    }
    case 'story': {
      const { name } = tastes(await session.preferences.get())
      const { items } = await session.cart.get()
      return { say: story({ name, about: intent.about, things: items.map((item) => item.name) }) }
    }
    case 'greet':
      return { say: greeting(fence, tastes(await session.preferences.get()).name) }
    case 'thanks':
      return { say: pick(fence, ['You are welcome!', 'My pleasure.', 'Any time.']) }
    case 'bye':
      return { say: 'Good night! The cart, your preferences and this conversation stay as they are.' }
    case 'help':
      return { say: help }
    case 'self':
      return { say: self }
    case 'impossible':
      return { say: `I cannot do that. ${self}` }
    case 'unknown':
      return { say: `${pick(fence, puzzled)} You said ${quote(said)}. ${hint}` }
  }
}

async function changeCart(
  { type, target, quantity }: Extract<Intent, { type: 'add' | 'remove' }>,
  { state, cart }: TurnContext,
): Promise<Plan> {
  const { items } = await cart.get()
  const shown = type === 'add' ? textsIn((await state.get())['shown']) : items.map(({ sku }) => sku)
  const product = meant(
    target,
    shown.flatMap((sku) => findProduct(sku) ?? []),
  )
  if (product === undefined) {
    return {
      say:
        type === 'add'
          ? 'Which one? Ask for something first, such as “a lamp under 30”.'
          : 'There is nothing like that in your cart.',
    }
  }
  const input = { sku: product.sku, ...(quantity === undefined ? {} : { quantity: Math.min(quantity, 100) }) }
  return { calls: [[type === 'add' ? 'add_to_cart' : 'remove_from_cart', input]] }
}

function meant(target: Target, shown: readonly Product[]): Product | undefined {
  switch (target.by) {
    case 'name':
      return target.products.find((product) => shown.includes(product)) ?? target.products[0]
    case 'place':
      return shown.at(target.place < 0 ? target.place : target.place - 1)
    case 'extreme': {
      const sorted = shown.toSorted((one, other) => one.price.amount - other.price.amount)
      return target.extreme === 'cheapest' ? sorted[0] : sorted.at(-1)
    }
    case 'it':
      return shown[0]
  }
}

/** Adds to a list; a value that moves to the other list is removed from its old one. */
async function merged(
  likings: JsonObject,
  { preferences }: Pick<TurnContext, 'preferences'>,
): Promise<JsonObject> {
  const known = tastes(await preferences.get())
  const likes = textsIn(likings['likes'])
  const dislikes = textsIn(likings['dislikes'])
  const join = (before: readonly string[], more: string[], others: string[]): string[] =>
    [...new Set([...before, ...more])].filter((item) => !others.includes(item)).slice(-50)
  return {
    ...likings,
    ...(likes.length === 0 ? {} : { likes: join(known.likes, likes, dislikes) }),
    ...(dislikes.length === 0 ? {} : { dislikes: join(known.dislikes, dislikes, likes) }),
  }
}

function forgetting(what: Extract<Intent, { type: 'forget' }>['what']): JsonObject {
  return what === 'all' ? { name: null, budget: null, likes: null, dislikes: null } : { [what]: null }
}

const hint = `I can find things (“something warm under 20”), fill your cart (“add the second one”), remember what you like (“I like maps”), look back (“what did I ask first?”), and **tell a story**.`
const help = `This is what I am good at:

- **Find things**: “do you have tea?”, “a gift under 25”. We sell ${sayList(categories)}.
- **Your cart**: “add the first one”, “two of the postcards”, “show my cart”, “check out”.
- **Remember**: “my name is Ada”, “my budget is 40”, “I like maps”, “what do you know about me?”
- **Look back**: “what did I just say?”, “what did I ask first?”, “sum up”.
- **Tell a story**: “tell me a story about a lighthouse”.`
const self =
  'I am no language model: I am a set of rules that lives in this app, needs no network, and knows this shop, your cart and our conversation. Of the world outside I know nothing.'
const puzzled = ['I did not understand that.', 'That is beyond me.', 'I have no rule for that.']

function greeting(fence: number, name: string | undefined): string {
  const opening = pick(fence, ['Hello', 'Good to see you', 'Welcome'])
  return `${opening}${name === undefined ? '' : `, **${name}**`}! ${name === undefined ? hint : 'What are you in the mood for: something warm, something to read, or a story?'}`
}

/** A different one each turn, so that a repeated question gets another answer. */
function pick(fence: number, variants: readonly string[]): string {
  return variants[fence % variants.length]!
}

async function* words(text: string, signal: AbortSignal): AsyncGenerator<string> {
  const delayMs = Number(process.env['CHAT_DELAY_MS'] ?? 25)
  for (const word of text.match(/\S+\s*|\s+/g) ?? []) {
    if (signal.aborted) return
    yield word
    // When the turn is stopped, the pause ends, too.
    if (delayMs > 0) await setTimeout(delayMs, undefined, { signal }).catch(() => {})
  }
}
