import { findProducts, fullName, type Product } from '../catalogue/catalogue.js'
import { hasFeature } from '../catalogue/search.js'
import { dollars } from '../money.js'
import type { Intent } from './intent.js'
import type { Outcome, Situation } from './outcome.js'
import { sayList } from './preferences.js'
import { resolveTarget } from './targets.js'

/** More about one product, or whether it has a feature. */
export function answerDetail(
  intent: Extract<Intent, { type: 'detail' }>,
  { conversation }: Situation,
): Outcome {
  const [product] = resolveTarget(intent.target, conversation.shown, conversation.focus)
  if (product === undefined) return { say: 'Which one do you mean? Ask for some products first.' }
  const focused = { ...conversation, focus: product.sku }
  const name = `The ${fullName(product)}`
  if (intent.feature !== undefined) {
    const answer = hasFeature(product, intent.feature)
      ? `Yes. ${name} comes with: ${sayList(product.features)}.`
      : `Not that I know of: ${intent.feature} is not among the features of the ${fullName(product)}. It comes with: ${sayList(product.features)}.`
    return { say: answer, conversation: focused }
  }
  return {
    say: `${name} costs ${dollars(product.price.amount)} and is rated ${product.rating} of 5. ${product.description} It comes with: ${sayList(product.features)}.`,
    conversation: focused,
  }
}

/** Compares two or more products. */
export function answerCompare(
  intent: Extract<Intent, { type: 'compare' }>,
  { conversation }: Situation,
): Outcome {
  const meant = resolveTarget(intent.target, conversation.shown, conversation.focus)
  // A single product is compared with the one that was mentioned, or shown, before it.
  const products =
    meant.length === 1
      ? [...findProducts([conversation.focus ?? conversation.shown[0] ?? '']), ...meant].filter(isFirst)
      : meant.filter(isFirst)
  if (products.length < 2)
    return { say: 'Which two should I compare? Ask for some products first, or name them.' }
  const shared = products[0]!.features.filter((feature) =>
    products.every((other) => other.features.includes(feature)),
  )
  const lines = products.map((product) => {
    const own = product.features.filter((feature) => !shared.includes(feature))
    const alone = own.length === 0 ? '' : ` Of these only it has: ${sayList(own)}.`
    return `• ${fullName(product)}: ${dollars(product.price.amount)}, rated ${product.rating}.${products.length === 2 ? alone : own.length === 0 ? '' : ` It has: ${sayList(own)}.`}`
  })
  const cheapest = best(products, (one, other) => one.price.amount - other.price.amount)
  const bestRated = best(products, (one, other) => other.rating - one.rating)
  const verdict =
    cheapest === bestRated
      ? `The ${fullName(cheapest)} costs least, and none of them is rated better.`
      : `The ${fullName(cheapest)} costs least, the ${fullName(bestRated)} is rated best.`
  const both = shared.length === 0 ? [] : [`All of them have: ${sayList(shared)}.`]
  return { say: [...lines, ...both, verdict].join('\n') }
}

function isFirst(product: Product, at: number, all: readonly Product[]): boolean {
  return all.indexOf(product) === at
}

function best(products: readonly Product[], order: (one: Product, other: Product) => number): Product {
  return products.toSorted(order)[0]!
}
