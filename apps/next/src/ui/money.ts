import type { Money } from './wire.ts'

/** An amount in a readable format. */
export function formatMoney({ amount, currency }: Money): string {
  const format = new Intl.NumberFormat('en-IE', { style: 'currency', currency })
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2))
}
