/**
 * Memory in front of a store, for reads that may be some seconds old.
 *
 * @packageDocumentation
 */
export type { HotTierOptions, TieredStats, TieredStore, TieredStoreOptions } from './tiered-store-options.js'
export { tieredStore } from './tiered-store.js'
