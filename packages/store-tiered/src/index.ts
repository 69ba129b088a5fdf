export {
  type HotTierOptions,
  type TieredStats,
  type TieredStore,
  type TieredStoreOptions,
  tieredStore,
} from './tiered-store.js'
