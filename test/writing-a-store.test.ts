import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  describeLostAnswers,
  describeMeetings,
  describeSessionStore,
  describeTransfers,
  describeTurns,
} from '@sessions/core/testing'
import { skeletonStore } from './skeleton-store.js'

const makeStore = async () => {
  const store = skeletonStore()
  return { store, peer: store }
}

describeSessionStore('the skeleton store', makeStore)
describeTurns('turns over the skeleton store', makeStore)
describeTransfers('transfers over the skeleton store', makeStore)
describeLostAnswers('lost answers over the skeleton store', makeStore)
describeMeetings('meetings over the skeleton store', makeStore)

describe('docs/writing-a-store.md', () => {
  it('shows the skeleton store as it is tested', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../docs/writing-a-store.md'), 'utf8')
    const skeleton = readFileSync(resolve(import.meta.dirname, 'skeleton-store.ts'), 'utf8')
    const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code)
    expect(blocks.find((code) => code!.includes('function skeletonStore'))).toBe(skeleton)
  })
})
