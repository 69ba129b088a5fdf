import type { Money } from '@sessions/core'

const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })

export function sayMoney({ amount }: Pick<Money, 'amount'>): string {
  return money.format(amount / 100)
}

/** `tea, maps and a lamp` */
export function sayList(items: readonly string[], last = 'and'): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)!}`
}

export function sayCount(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `one ${one}` : `${count} ${many}`
}

/** A quotation of a user's text, short enough to read quickly. */
export function quote(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  return `“${plain.length > 280 ? `${plain.slice(0, 279).trimEnd()}…` : plain}”`
}
