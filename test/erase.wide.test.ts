import { beforeAll, describe, it } from 'vitest'
import { backends } from './erasing/backends.js'
import { buildStores } from './erasing/build.js'
import { eraseTogether, eraseUnderFire } from './erasing/erasing.js'

// A user of 1,000 sessions, with four processes that go on working for the user. Takes some minutes.
beforeAll(buildStores)

describe.each(Object.keys(backends) as (keyof typeof backends)[])(
  'a user of 1,000 sessions on %s',
  (kind) => {
    it.each([
      ['while four processes work for the user', 4],
      ['and counted exactly', 0],
    ] as const)('is erased %s, after 20 kills', { timeout: 1_200_000 }, async (_, processes) => {
      const backend = await backends[kind]()
      try {
        await eraseUnderFire({
          kind,
          backend,
          sessions: 1000,
          processes,
          kills: 20,
          step: 25,
          killed: 'process',
        })
      } finally {
        await backend.close()
      }
    })

    it('is erased by two processes that begin at the same moment', { timeout: 1_200_000 }, async () => {
      const backend = await backends[kind]()
      try {
        await eraseTogether({ kind, backend, sessions: 1000 })
      } finally {
        await backend.close()
      }
    })
  },
)
