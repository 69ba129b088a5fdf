import type { JsonObject, JsonValue } from '@sessions/core'
import { brands as knownBrands } from '../catalogue/catalogue.js'
import { plural, readNames } from '../catalogue/words.js'
import { dollars } from '../money.js'
import type { PriceRange } from './prices.js'
import { readPrices } from './prices.js'

/** The shopper's preferences, as far as the assistant understands them. */
export interface Preferences {
  budget: PriceRange | undefined
  brands: readonly string[]
  avoided: readonly string[]
  category: string | undefined
  shipping: string | undefined
}

/** Preferences are any JSON; fields that are not understood here are ignored. */
export function readPreferences(json: JsonObject): Preferences {
  const device = json['device_type']
  const shipping = json['shipping_preference']
  return {
    budget: readBudget(json['budget_range']),
    brands: readBrands(json['preferred_brands']),
    avoided: readBrands(json['avoided_brands']),
    category: typeof device === 'string' ? readNames(device).category : undefined,
    shipping: typeof shipping === 'string' && shipping !== '' ? shipping : undefined,
  }
}

function readBudget(value: JsonValue | undefined): PriceRange | undefined {
  if (typeof value === 'number' && value > 0) return { max: Math.round(value * 100) }
  if (typeof value !== 'string') return undefined
  const text = value.trim().toLowerCase()
  const open = /^\$? ?(\d[\d,]*) ?\+$/.exec(text)
  if (open !== null) return { min: Number(open[1]!.replaceAll(',', '')) * 100 }
  return readPrices(text.replace(/^</, 'under ').replace(/^>/, 'over '), true).range
}

function readBrands(value: JsonValue | undefined): string[] {
  const names =
    typeof value === 'string' ? value.split(',') : Array.isArray(value) ? (value as JsonValue[]) : []
  return names.flatMap((name) => {
    const wanted = typeof name === 'string' ? name.trim().toLowerCase() : ''
    return knownBrands.find((brand) => brand.toLowerCase() === wanted) ?? []
  })
}

/** The budget in the guide's format: `500-1000`. */
export function writeBudget({ min, max }: PriceRange): string {
  if (max === undefined) return `${(min ?? 0) / 100}+`
  return `${(min ?? 0) / 100}-${max / 100}`
}

/** The range in words: `$500 to $1,000`, `up to $300`. */
export function sayRange({ min, max }: PriceRange): string {
  if (max === undefined) return `${dollars(min ?? 0)} or more`
  return min === undefined || min === 0 ? `up to ${dollars(max)}` : `${dollars(min)} to ${dollars(max)}`
}

/** The known preferences of the shopper, in one sentence; undefined when there are none. */
export function sayPreferences({
  budget,
  brands,
  avoided,
  category,
  shipping,
}: Preferences): string | undefined {
  const known = [
    budget === undefined ? undefined : `your budget is ${sayRange(budget)}`,
    brands.length === 0 ? undefined : `you like ${sayList(brands)}`,
    avoided.length === 0 ? undefined : `you would rather not have ${sayList(avoided, 'or')}`,
    category === undefined ? undefined : `you look for ${plural(category)}`,
    shipping === undefined ? undefined : `you prefer ${shipping} shipping`,
  ].filter((part) => part !== undefined)
  return known.length === 0 ? undefined : sayList(known)
}

export function sayList(items: readonly string[], word = 'and'): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`
}
