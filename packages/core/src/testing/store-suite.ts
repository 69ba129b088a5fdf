import { afterAll, beforeAll, describe, test } from 'vitest'
import { changesCases } from './store-cases/changes.js'
import { commitCases } from './store-cases/commit.js'
import { copyCases } from './store-cases/copies.js'
import { deadlineCases } from './store-cases/deadlines.js'
import { lifetimeCases } from './store-cases/lifetimes.js'
import { listingCases } from './store-cases/listing.js'
import { messageIdCases } from './store-cases/message-ids.js'
import { noResurrectionCases } from './store-cases/no-resurrection.js'
import { ownerCases } from './store-cases/owners.js'
import { pageBytesCases } from './store-cases/page-bytes.js'
import { placesCases } from './store-cases/places.js'
import { randomCases } from './store-cases/random.js'
import { readingCases } from './store-cases/reading.js'
import { restoreCases } from './store-cases/restore.js'
import { revisionCases } from './store-cases/revisions.js'
import { roomCases } from './store-cases/room.js'
import { tenantCases } from './store-cases/tenants.js'
import { textCases } from './store-cases/texts.js'
import { upkeepCases } from './store-cases/upkeep.js'
import type { StoreChapter, StoreUnderTest } from './store-case.js'

// This is far more than any case needs: a store on a slow machine should fail for what it does, not for how long it
// takes.
const timeoutMs = 60_000

/** Everything every store must show, a chapter for each thing that can go wrong. */
export const storeChapters: readonly StoreChapter[] = [
  commitCases,
  messageIdCases,
  revisionCases,
  noResurrectionCases,
  deadlineCases,
  lifetimeCases,
  textCases,
  tenantCases,
  readingCases,
  pageBytesCases,
  listingCases,
  copyCases,
  upkeepCases,
  ownerCases,
  roomCases,
  changesCases,
  placesCases,
  restoreCases,
  randomCases,
]

/**
 * Registers with vitest what every `SessionStore` must show. There are no switches: a store that cannot pass all of
 * it is not one.
 *
 * @param makeStore gives two instances over the same, empty data. Called once.
 *
 * @example
 * ```ts
 * import { memoryStore } from '@sessions/core'
 * import { describeSessionStore } from '@sessions/core/testing'
 *
 * describeSessionStore('my store', async () => {
 *   const store = memoryStore()
 *   return { store, peer: store }
 * })
 * ```
 */
export function describeSessionStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let stores: StoreUnderTest | undefined
    beforeAll(async () => {
      stores = await makeStore()
    }, timeoutMs)
    afterAll(() => stores?.close?.(), timeoutMs)
    for (const chapter of storeChapters) {
      describe(chapter.title, () => {
        for (const { title, run } of chapter.cases) test(title, () => run(stores!), timeoutMs)
      })
    }
  })
}
