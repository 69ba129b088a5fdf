import { describeLostAnswers, describeMeetings } from '@sessions/core/testing'
import { postgresStore } from '../src/index.js'
import { migrated, useServer } from './databases.js'

const context = useServer()

const openPair = async () => {
  const url = await migrated(context.server)
  return {
    store: postgresStore(context.pools.open(url)),
    peer: postgresStore(context.pools.open(url)),
  }
}

describeLostAnswers('lost answers over postgresStore', openPair)
describeMeetings('meetings over postgresStore', openPair)
