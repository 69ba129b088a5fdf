import { memoryStore } from '@sessions/core'
import { expect, it } from 'vitest'
import { fuzz } from '../../src/fuzz/run.js'

// Many more, on every store: npm run fuzz. What the fuzzer finds: fuzz.wide.test.ts.
it('what nobody would send or call breaks nothing', async () => {
  expect(await fuzz({ store: memoryStore(), runs: 75, seed: 20_261_128 })).toEqual([])
})
