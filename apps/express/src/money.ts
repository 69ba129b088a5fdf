import type { Money } from '@sessions/core'

/**
 * A decimal number of dollars as whole cents: 19.99 is 1999, exactly. Undefined when it is no price: a negative
 * amount, more than two decimals, not a number.
 */
export function toMinorUnits(amount: number): number | undefined {
  // By its digits, never by multiplying: 1.15 * 100 is 114.99999999999999.
  const match = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(String(amount))
  if (match === null) return undefined
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

/** The amount in major units, as in the guide: 99900 cents are 999. */
export function toMajorUnits(price: Money): number {
  return Number((price.amount / 100).toFixed(2))
}

const formats = new Map<string, Intl.NumberFormat>()

/** A price for people: `$1,299` or `$19.99`. */
export function formatPrice(price: Money): string {
  const format =
    formats.get(price.currency) ??
    new Intl.NumberFormat('en-US', {
      style: 'currency',
      currency: price.currency,
      trailingZeroDisplay: 'stripIfInteger',
    })
  formats.set(price.currency, format)
  return format.format(price.amount / 100)
}

/** A price of the shop, which sells in US dollars. */
export function dollars(minorUnits: number): string {
  return formatPrice({ amount: minorUnits, currency: 'USD' })
}
