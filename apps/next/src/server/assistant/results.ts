import { isJsonObject, type JsonObject, type JsonValue, type MessageInput, type Money } from '@sessions/core'
import { textsIn } from './tastes.ts'
import { sayCount, sayList, sayMoney } from './wording.ts'

/** A call of a tool, and its result. */
export interface ToolResult {
  readonly tool: string
  readonly input: JsonObject
  readonly output: JsonValue
  readonly isError: boolean
}

/** The calls of this turn so far, with their results. */
export function resultsIn(steps: readonly MessageInput[]): ToolResult[] {
  const parts = steps.flatMap(({ content }) => (typeof content === 'string' ? [] : content)) as JsonObject[]
  return parts.flatMap(({ type, toolCallId, toolName, input }) => {
    if (type !== 'tool-call' || typeof toolName !== 'string') return []
    const result = parts.find((part) => part['type'] === 'tool-result' && part['toolCallId'] === toolCallId)
    if (result === undefined) return []
    return {
      tool: toolName,
      input: isJsonObject(input) ? input : {},
      output: result['output'] ?? null,
      isError: result['isError'] === true,
    }
  })
}

interface Line {
  readonly name: string
  readonly quantity: number
  readonly price: Money
}

interface Counted {
  readonly items: readonly Line[]
  readonly itemCount: number
  readonly total?: Money
}

/** The result types of this app's tools. */
interface Outputs {
  search_products: {
    readonly products: readonly {
      readonly name: string
      readonly description: string
      readonly price: Money
    }[]
    readonly total: number
  }
  add_to_cart: Counted & { readonly added: string }
  remove_from_cart: Counted & { readonly removed: string }
  clear_cart: Counted
  show_cart: Counted
  checkout: { readonly orderId: string; readonly items: readonly Line[]; readonly total: Money }
  remember: { readonly preferences: JsonObject }
}

const tellers: { readonly [Tool in keyof Outputs]: (output: Outputs[Tool], input: JsonObject) => string } = {
  search_products({ products, total }, { maxPrice }) {
    if (products.length === 0)
      return 'I found nothing like that. Ask me **what we sell**, or raise the price a little.'
    const head =
      typeof maxPrice === 'number'
        ? `Up to ${sayMoney({ amount: maxPrice })} I have:`
        : 'Here is what I have:'
    const lines = products.map(
      ({ name, price, description }, at) => `${at + 1}. **${name}**, ${sayMoney(price)}. ${description}`,
    )
    const more = total - products.length
    const rest = more > 0 ? ` There ${more === 1 ? 'is' : 'are'} ${more} more.` : ''
    return `${head}\n\n${lines.join('\n')}\n\nSay “add the first one” to put it into your cart.${rest}`
  },
  add_to_cart({ added, ...cart }, { quantity }) {
    const count = typeof quantity === 'number' && quantity > 1 ? `${quantity} × ` : ''
    return `**${count}${added}** ${count === '' ? 'is' : 'are'} in your cart. ${sayTotal(cart)}`
  },
  remove_from_cart: ({ removed, ...cart }) => `I took **${removed}** out. ${sayTotal(cart)}`,
  clear_cart: () => 'Your cart is empty now.',
  show_cart: (cart) =>
    cart.itemCount === 0
      ? 'Your cart is empty. Ask for something warm, or for something to read.'
      : `In your cart:\n\n${sayItems(cart.items)}\n\n${sayTotal(cart)}`,
  checkout: ({ orderId, items, total }) =>
    `Ordered! Your order is \`${orderId.slice(0, 8)}\`:\n\n${sayItems(items)}\n\nThat is **${sayMoney(total)}**. (This is a demo: nobody will send you anything.)`,
  remember(_, input) {
    const gone = Object.keys(input).filter((key) => input[key] === null)
    if (gone.length > 1) return 'I have forgotten everything about you.'
    return gone.length === 1
      ? `I have forgotten your ${gone[0]!}.`
      : `I will remember that ${sayLikings(input)}.`
  },
}

/** The answer from the results of the calls. */
export function tell(results: readonly ToolResult[]): string {
  const { tool, input, output, isError } = results.at(-1)!
  if (isError) return sayError(tool, output)
  // The results of this app's own tools, in this very turn.
  const say = tellers[tool as keyof Outputs] as (output: unknown, input: JsonObject) => string
  return say(output, input)
}

/** What is known about the user, as the end of a sentence that begins with `that`. */
export function sayLikings({ name, budget, likes, dislikes }: JsonObject): string {
  const liked = textsIn(likes)
  const disliked = textsIn(dislikes)
  return sayList([
    ...(typeof name === 'string' ? [`your name is **${name}**`] : []),
    ...(typeof budget === 'number'
      ? [`your budget is **${sayMoney({ amount: Math.round(budget * 100) })}**`]
      : []),
    ...(liked.length === 0 ? [] : [`you like **${sayList(liked)}**`]),
    ...(disliked.length === 0 ? [] : [`you do not like **${sayList(disliked, 'or')}**`]),
  ])
}

function sayItems(items: readonly Line[]): string {
  return items
    .map(
      ({ name, quantity, price }) =>
        `- ${quantity} × ${name}, ${sayMoney({ amount: price.amount * quantity })}`,
    )
    .join('\n')
}

function sayTotal({ itemCount, total }: Counted): string {
  if (total === undefined) return 'Your cart is empty now.'
  return `That makes **${sayMoney(total)}** for ${sayCount(itemCount, 'thing')}.`
}

function sayError(tool: string, output: JsonValue): string {
  if (tool === 'checkout') return 'Your cart is empty, so there is nothing to order yet.'
  if (tool === 'remove_from_cart') return 'That is not in your cart. Ask me to **show the cart**.'
  if (tool === 'remember' && typeof output === 'string' && output.includes('consent'))
    return 'I note nothing about you: that is how you want it. You can change it under **What we keep of you**.'
  return `That did not work. ${typeof output === 'string' ? output : ''}`
}
