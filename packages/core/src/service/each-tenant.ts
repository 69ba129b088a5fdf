import { SessionError } from '../errors.js'

/** Tenants, as a list, or as a database gives them. */
export type Tenants = Iterable<string> | AsyncIterable<string>

/**
 * Tenants, one after the other. A text is no list of them, though its letters are one.
 *
 * @throws `invalid` for what is no list, and for an item that is no tenant.
 */
export async function* eachTenant(tenants: Tenants): AsyncGenerator<string, undefined> {
  const isList = typeof tenants === 'object' && tenants !== null
  if (!isList || !(Symbol.iterator in tenants || Symbol.asyncIterator in tenants)) {
    throw new SessionError('invalid', 'tenants must be a list of tenants', { path: 'tenants' })
  }
  for await (const tenantId of tenants) {
    if (typeof tenantId !== 'string' || tenantId === '') throw noTenant()
    yield tenantId
  }
}

export function noTenant(): SessionError {
  return new SessionError('invalid', 'tenants holds what is no tenant', { path: 'tenants' })
}
