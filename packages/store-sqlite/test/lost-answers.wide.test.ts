import { describeLostAnswers, describeMeetings } from '@sessions/core/testing'
import { sqliteStore } from '../src/index.js'
import { patient, useFiles } from './files.js'

const newPath = useFiles()

const openPair = async () => {
  const path = newPath()
  const [store, peer] = [sqliteStore(path, patient), sqliteStore(path, patient)]
  return {
    store,
    peer,
    close: async () => {
      await Promise.all([store.close(), peer.close()])
    },
  }
}

describeLostAnswers('lost answers over sqliteStore', openPair)
describeMeetings('meetings over sqliteStore', openPair)
