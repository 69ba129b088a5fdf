export type { HotTierOptions, TieredStats, TieredStore, TieredStoreOptions } from './tiered-store-options.js'
export { tieredStore } from './tiered-store.js'
