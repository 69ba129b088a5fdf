import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { parseCurrency, PriceTable } from './price-table.js'

/** What models cost, and the currency of what the application reports. */
export interface Prices {
  readonly table: PriceTable
  readonly currency: string
}

const known = new WeakMap<object, Prices>()

/** The prices of a service that keeps usage, read once. @throws `invalid` */
export function pricesOf({ usage, hasLastingSecrets }: Pick<Service, 'usage' | 'hasLastingSecrets'>): Prices {
  const made = known.get(usage!)
  if (made !== undefined) return made
  const { log, prices = [], currency } = usage!
  if (!hasLastingSecrets) {
    const path = 'credentialSecrets'
    throw new SessionError('invalid', `${path} is missing: what stands for users is kept by it`, { path })
  }
  if (log !== undefined && typeof log.append !== 'function')
    throw new SessionError('invalid', 'usage.log has no append', { path: 'usage.log' })
  const table = new PriceTable(prices, 'usage.prices')
  const read = { table, currency: parseCurrency(currency ?? prices[0]?.currency ?? 'USD', 'usage.currency') }
  known.set(usage!, read)
  return read
}
