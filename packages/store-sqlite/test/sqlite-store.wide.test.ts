import { describeSessionStore } from '@sessions/core/testing'
import { expect } from 'vitest'
import { migrate, sqliteStore } from '../src/index.js'
import { leftOver, openRaw, patient, useFiles } from './files.js'

const newPath = useFiles()

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
