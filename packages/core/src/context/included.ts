import { type Cart, cartTotal } from '../domain/cart.js'
import type { UserFact } from '../domain/user-fact.js'
import type { JsonObject, JsonValue } from '../json.js'
import { type ContextBlock, dataBlock } from './blocks.js'
import type { IncludedPart } from './report.js'
import { toIso } from '../time.js'
import type { CountTokens } from './token-count.js'
import { wellFormed, wellFormedJson } from './well-formed.js'

/** Data of a session that its context shows. Empty data is left out, except an empty cart. */
export interface IncludedData {
  /** Oldest first. */
  readonly memory?: readonly Pick<UserFact, 'text' | 'subject' | 'at'>[]
  /** As they are now. */
  readonly preferences?: JsonObject
  /** As it is now. */
  readonly cart?: Cart
  /** As it is now. */
  readonly state?: JsonObject
}

export interface IncludedBlock extends ContextBlock {
  readonly part: IncludedPart
  readonly tokens: number
  /** It was too long, and is cut to its beginning. */
  readonly isCut: boolean
}

// The share of each of them, of the tokens that instructions and question leave.
const share = 1 / 4

const headings: Readonly<Record<IncludedPart, string>> = {
  memory: 'What the user said in earlier conversations',
  preferences: "The user's preferences",
  cart: "The user's cart",
  state: 'State of the conversation',
}

/** The names of all parts that a context can show. */
export const includedParts = Object.keys(headings) as readonly IncludedPart[]

/** A block for each; none takes more than its share of `room`. */
export function includedBlocks(
  data: IncludedData,
  room: number,
  countTokens: CountTokens,
): readonly IncludedBlock[] {
  const values: readonly [IncludedPart, JsonValue | undefined][] = [
    ['memory', memoryData(data.memory)],
    ['preferences', isEmpty(data.preferences) ? undefined : data.preferences],
    ['cart', data.cart === undefined ? undefined : cartData(data.cart)],
    ['state', isEmpty(data.state) ? undefined : data.state],
  ]
  return values.flatMap(([part, value]) => {
    if (value === undefined) return []
    const made = dataBlock(headings[part], wellFormedJson(value))
    const fitted = fit(made, Math.floor(room * share), countTokens)
    return fitted === undefined ? [] : [{ ...fitted, part }]
  })
}

function fit(block: ContextBlock, room: number, countTokens: CountTokens) {
  const tokens = countTokens(block)
  if (tokens <= room) return { ...block, tokens, isCut: false }
  for (
    let length = Math.floor((block.content.length * room) / tokens);
    length > 0;
    length = Math.floor(length / 2)
  ) {
    const begin = wellFormed(block.content.slice(0, length))
    const content = `${begin}… [${block.content.length - length} more characters left out]`
    const cut = { ...block, content }
    const cutTokens = countTokens(cut)
    if (cutTokens <= room) return { ...cut, tokens: cutTokens, isCut: true }
  }
  return undefined
}

/** The newest first, so that the oldest is cut off where there is no room. */
function memoryData(facts: IncludedData['memory'] = []): JsonValue | undefined {
  if (facts.length === 0) return undefined
  return facts.toReversed().map(({ text, at }) => ({ text, said: toIso(at).slice(0, 10) }))
}

function isEmpty(value: JsonObject | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0
}

function cartData(cart: Cart): JsonValue {
  const items = cart.items.map(({ id, sku, name, quantity, price, metadata }) => ({
    id,
    sku,
    name,
    quantity,
    price,
    ...(metadata === undefined ? {} : { metadata }),
  }))
  const total = cartTotal(cart)
  return (total === undefined ? { items } : { items, total }) as unknown as JsonValue
}
