export { describeSessionStore, storeChapters } from './testing/store-suite.js'
export type { StoreCase, StoreChapter, StoreUnderTest } from './testing/store-case.js'
