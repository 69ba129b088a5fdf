import { beforeAll, describe, it } from 'vitest'
import { backends } from './erasing/backends.js'
import { buildStores } from './erasing/build.js'
import { eraseTogether, eraseUnderFire } from './erasing/erasing.js'

// The large version, with processes that are killed, and on the other stores, is erase.wide.test.ts.
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

  it('by two processes that begin at the same moment, and each receipt tells what was there', async () => {
    const backend = await backends[kind]()
    try {
      await eraseTogether({ kind, backend, sessions: 40 })
    } finally {
      await backend.close()
    }
  })
})
