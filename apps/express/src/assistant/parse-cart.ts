import type { Conversation } from './conversation.js'
import type { CartIntent } from './intent.js'
import { readNumber, readTarget, resolveTarget, type Target } from './targets.js'

const cart = String.raw`(?:shopping )?(?:cart|basket)`
const count = String.raw`(\d{1,6}|one|two|three|four|five|six|seven|eight|nine|ten|a couple|a pair)`

const checkout =
  /\b(check ?out|place (the|my|an) order|pay( now| for (it|this|everything))?$|(complete|finish) (the|my) (order|purchase)|buy (it all|everything|all of it|all of them|my cart))\b/
const orders =
  /\b(my (past |previous )?orders?$|order history|purchase history|(what|which) .*\b(did|have) i (buy|bought|order|ordered|purchased?)|did i (buy|order|purchase))\b/
const clear = new RegExp(`\\b(empty|clear) (out )?(my |the )?${cart}\\b|\\b(remove|delete) everything\\b`)
const total =
  /\b(how much (is|does|do|are|will|would|'s) (it|they|that|this|everything|my cart|the cart|all)( all| altogether| together| of (it|that|this|them))?( cost| come to| be)?( in total| altogether| together)?$|(what('s| is) )?(the|my) (sub)?total|in total|altogether|(grand )?total$|cart total)/
const removes = /\b(remove|delete|take (?:out|off)|drop|get rid of|take (?=.* (?:out|off)\b))\b ?(.*)$/
const sets = new RegExp(
  `\\b(?:make (?:it|that|them|the .+?)|(?:change|set|update) .*?(?:to)|i (?:want|need|would like)) ${count}(?: (?:of (?:them|those|it|these))| pieces| units| instead)?$`,
)
const puts = new RegExp(`\\b(?:add|put|throw|place)\\b ?(.*)$`)
const takes =
  /^(?:ok |okay |yes |great |and |then |please |well )*(?:i'll (?:take|have|buy|get)|i will (?:take|have|buy)|i'd (?:take|like|like to buy)|i (?:want|would like)(?: to (?:buy|order|get|have))?|let me (?:have|get|take)|give me|get me|buy|order|purchase|take)\b ?(.*)$/
const leading = new RegExp(`^(?:me )?${count}(?: (?:of|x|×|more|pieces of|units of))? (?!and\\b|or\\b)(.+)$`)

/** What the shopper wants to do with the cart. */
export function parseCart(text: string, { shown, focus }: Conversation): CartIntent | undefined {
  if (checkout.test(text)) return { type: 'checkout' }
  if (orders.test(text)) return { type: 'orders' }
  if (clear.test(text)) return { type: 'cart-clear' }
  const names = new RegExp(`\\b${cart}\\b`).test(text)

  const put = puts.exec(text)
  if (put !== null) {
    const { quantity, rest } = readQuantity(without(put[1]!))
    const target: Target = readTarget(rest) ?? { kind: 'it' }
    return { type: 'cart-add', target, quantity }
  }
  const removed = removes.exec(text)
  if (removed !== null)
    return { type: 'cart-remove', target: readTarget(without(removed[2]!)) ?? { kind: 'it' } }
  const set = sets.exec(text)
  if (set !== null) {
    const named = /\b(?:make|change|set|update) (.+?) (?:to )?\S+$/.exec(text)?.[1] ?? 'it'
    return { type: 'cart-quantity', target: readTarget(named) ?? { kind: 'it' }, quantity: toCount(set[1]) }
  }
  const taken = takes.exec(text)
  if (taken !== null) {
    const { quantity, rest } = readQuantity(without(taken[1]!))
    const target = readTarget(rest)
    // `I want a laptop` is a search; `I'll take the second one` is not.
    const isOne =
      target !== undefined && target.kind !== 'category' && resolveTarget(target, shown, focus).length > 0
    if (isOne) return { type: 'cart-add', target, quantity }
  }
  if (total.test(text)) return { type: 'cart-total' }
  return names ? { type: 'cart' } : undefined
}

/** The added product, without the words for the cart. */
function without(text: string): string {
  return text
    .replace(new RegExp(`\\b(?:back )?(?:in|into|to|from|out of|on) (?:my |the |our )?${cart}\\b`, 'g'), ' ')
    .replace(/\b(please|the|out|off|too|also|as well)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function readQuantity(text: string): { quantity: number; rest: string } {
  const match = leading.exec(text)
  if (match === null) return { quantity: 1, rest: text }
  return { quantity: toCount(match[1]), rest: match[2]! }
}

function toCount(word: string | undefined): number {
  if (word === 'a couple' || word === 'a pair') return 2
  return readNumber(word) ?? 1
}
