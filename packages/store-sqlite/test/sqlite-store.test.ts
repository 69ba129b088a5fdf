import { describeSessionStore } from '@sessions/core/testing'
import { expect } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { leftOver, patient, useFiles } from './files.js'

const newPath = useFiles()

// Over databases of the application: sqlite-store.wide.test.ts.
describeSessionStore('sqliteStore over a file of its own', async () => {
  const path = newPath()
  const [store, peer] = [sqliteStore(path, { ...patient, synchronous: 'normal' }), sqliteStore(path, patient)]
  return {
    store,
    peer,
    async close() {
      await Promise.all([store.close(), peer.close()])
      // After all those races, nothing is where no method would find it.
      expect(leftOver(path)).toBe(0)
    },
  }
})
