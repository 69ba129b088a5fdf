import { describeSessionStore } from '@sessions/core/testing'
import { expect } from 'vitest'
import { migrate, sqliteStore } from '../src/index.js'
import { leftOver, openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()

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

describeSessionStore('sqliteStore over two databases of libsql, with a prefix', async () => {
  const path = newPath()
  const options = { tablePrefix: 'my_' }
  const settings = { ...patient, ...options }
  const databases = [openRaw(path), openRaw(path)] as const
  await migrate(databases[0], options)
  return {
    store: sqliteStore(databases[0], settings),
    peer: sqliteStore(databases[1], settings),
    close: async () => {
      for (const database of databases) database.close()
      expect(leftOver(path, 'my_')).toBe(0)
    },
  }
})
