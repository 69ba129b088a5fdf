import type { SessionStore } from '../../src/contract/session-store.js'
import { storeChapters } from '../../src/testing/store-suite.js'

export interface FailedCase {
  chapter: string
  title: string
}

/** Runs the cases of the store suite that are chosen, all by default, and resolves to those that failed. */
export async function failingCases(
  makeStore: () => SessionStore,
  isChosen: (title: string) => boolean = () => true,
): Promise<FailedCase[]> {
  const store = makeStore()
  const failed: FailedCase[] = []
  for (const { title: chapter, cases } of storeChapters) {
    for (const { title, run } of cases.filter((each) => isChosen(each.title))) {
      await run({ store, peer: store, sweepsMeanwhile: true }).catch(() => failed.push({ chapter, title }))
    }
  }
  return failed
}
