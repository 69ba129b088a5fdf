/**
 * The suites that every store and every adapter passes, for the tests of yours. They need vitest and fast-check.
 *
 * @packageDocumentation
 */
export { describeSessionStore, storeChapters } from './testing/store-suite.js'
export type { StoreCase, StoreChapter, StoreUnderTest } from './testing/store-case.js'
export { apiFixture, type ApiFixture, type ApiFixtureOptions } from './testing/api-fixture.js'
export { apiChapters, describeSessionApi } from './testing/api-suite.js'
export {
  type ApiCase,
  type ApiChapter,
  ApiClient,
  type Reply,
  type SendOptions,
  type WireEvent,
} from './testing/api-case.js'
export { ApiDescription, type FetchLike } from './testing/description.js'
export { type CrashPoint, haltingStore, type HaltingStore } from './testing/halting-store.js'
export { describeLostAnswers } from './testing/lost-answers.js'
export { describeMeetings } from './testing/meetings.js'
export { describeSearchIndex, type SearchIndexUnderTest } from './testing/search-suite.js'
export { describeTransfers } from './testing/transfer-suite.js'
export { describeTurns } from './testing/turn-suite.js'
export { type StoreMethod, wrapStore } from './testing/wrap-store.js'
