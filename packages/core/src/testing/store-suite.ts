import { afterAll, beforeAll, describe, test } from 'vitest'
import { commitCases } from './store-cases/commit.js'
import type { StoreChapter, StoreUnderTest } from './store-case.js'

/** Everything every store must show, by the numbers of the contract's semantics. */
export const storeChapters: readonly StoreChapter[] = [commitCases]

/**
 * Registers with vitest what every `SessionStore` must show. There are no switches: a store that cannot pass all of
 * it is not one.
 *
 * @param makeStore gives two instances over the same, empty data. Called once.
 */
export function describeSessionStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let stores: StoreUnderTest | undefined
    beforeAll(async () => {
      stores = await makeStore()
    })
    afterAll(() => stores?.close?.())
    for (const chapter of storeChapters) {
      describe(chapter.title, () => {
        for (const { title, run } of chapter.cases) test(title, () => run(stores!))
      })
    }
  })
}
