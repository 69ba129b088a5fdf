import { beforeAll, describe, it } from 'vitest'
import { backends } from './erasing/backends.js'
import { buildStores } from './erasing/build.js'
import { eraseUnderFire } from './erasing/erasing.js'

// The large version, with processes that are killed, on the other stores, and by two at once: erase.wide.test.ts.
beforeAll(buildStores)

const kind = 'postgres'

describe('a user is erased', () => {
  it('while two processes work for the user, after three kills', async () => {
    const backend = await backends[kind]()
    try {
      await eraseUnderFire({ kind, backend, sessions: 40, processes: 2, kills: 3, step: 11, killed: 'store' })
    } finally {
      await backend.close()
    }
  })
})
