import { describeTransfers } from '@sessions/core/testing'
import { readFileSync } from 'node:fs'
import { sqliteStore } from '../src/index.js'
import { patient, useFiles } from './files.js'

const newPath = useFiles()

describeTransfers('transfers over sqliteStore', async () => {
  const path = newPath()
  const [store, peer] = [sqliteStore(path, patient), sqliteStore(path, patient)]
  return {
    store,
    peer,
    close: async () => {
      await Promise.all([store.close(), peer.close()])
    },
    /** Every byte of the file, and of the log beside it. */
    dump: async () => readFileSync(path, 'latin1') + readFileSync(`${path}-wal`, 'latin1'),
  }
})
