import { processRegistry } from '../process-registry.js'

const beneath = processRegistry<object, readonly unknown[]>('stores-beneath')

/**
 * Says that a store keeps in others what it is given, for whoever has to know whether it is sealed there.
 *
 * @returns The store.
 */
export function standingOver<Store extends object>(store: Store, others: readonly unknown[]): Store {
  beneath.set(store, others)
  return store
}

/** Whether a store, or one that it stands over, is an `encryptedStore`: what it is given, nobody expects in clear elsewhere. */
export function isEncrypting(store: unknown): boolean {
  if (typeof store !== 'object' || store === null) return false
  return 'encryptExisting' in store || beneath.get(store)?.some(isEncrypting) === true
}
