/** A range of prices in minor units, both ends included; an end may be open. */
export interface PriceRange {
  min?: number
  max?: number
}

const number = String.raw`\$? ?(\d[\d,]*(?:\.\d{1,2})?) ?(k\b)?(?: ?(?:dollars|bucks|usd|\$))?`
const lead = String.raw`(?:^|[^\w$.])`

const patterns: readonly [RegExp, (one: number, other: number) => PriceRange][] = [
  [new RegExp(`${lead}between ${number} and ${number}`), (min, max) => ({ min, max })],
  [new RegExp(`${lead}(?:from )?${number} ?(?:-|–|to|until) ?${number}`), (min, max) => ({ min, max })],
  [
    new RegExp(
      `${lead}(?:under|below|less than|cheaper than|up to|at most|no more than|not more than|max(?:imum)?(?: of)?|within) ${number}`,
    ),
    (max) => ({ max }),
  ],
  [
    new RegExp(`${lead}(?:over|above|more than|at least|min(?:imum)?(?: of)?|starting at) ${number}`),
    (min) => ({ min }),
  ],
  [
    new RegExp(`${lead}(?:around|about|roughly|approximately|circa|~) ${number}`),
    (about) => ({ min: Math.round(about * 0.8), max: Math.round(about * 1.2) }),
  ],
]

const bareAmount = new RegExp(`${lead}${number}`)

/**
 * The price range that a text names, and the text without it. With `asBudget` a bare amount counts too: in
 * `my budget is 800` it is the highest price.
 */
export function readPrices(text: string, asBudget = false): { range: PriceRange | undefined; rest: string } {
  for (const [pattern, toRange] of patterns) {
    const match = pattern.exec(text)
    if (match === null) continue
    const one = toAmount(match[1], match[2])
    const other = toAmount(match[3], match[4])
    // `4 to 6` is no price range in this shop.
    const low = Math.min(one, other)
    const high = Math.max(one, Number.isFinite(other) ? other : 0)
    if (high < 1000 && !match[0].includes('$')) continue
    const range = toRange(low, high)
    return { range, rest: cut(text, match[0]) }
  }
  const bare = asBudget || /\$ ?\d|\d ?(dollars|bucks|usd)/.test(text) ? bareAmount.exec(text) : null
  if (bare === null) return { range: undefined, rest: text }
  return { range: { max: toAmount(bare[1], bare[2]) }, rest: cut(text, bare[0]) }
}

function cut(text: string, part: string): string {
  return text.replace(part, ' ').replace(/\s+/g, ' ').trim()
}

/** Minor units; infinite for a missing amount, so that it never is the smaller one. */
function toAmount(digits: string | undefined, thousands: string | undefined): number {
  if (digits === undefined) return Number.POSITIVE_INFINITY
  return Math.round(Number(digits.replaceAll(',', '')) * (thousands === undefined ? 1 : 1000) * 100)
}
