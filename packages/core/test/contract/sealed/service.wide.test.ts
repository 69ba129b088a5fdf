import { memoryStore } from '../../../src/index.js'
import {
  apiFixture,
  describeLostAnswers,
  describeMeetings,
  describeSessionApi,
  describeTransfers,
  describeTurns,
} from '../../../src/testing.js'
import { listen } from '../../http/node-server.js'
import { sealed } from './sealed-stores.js'

const openSealed = async () => {
  const store = memoryStore()
  return { store: sealed(store), peer: sealed(store) }
}

describeTurns('turns over encryptedStore', openSealed)
describeTransfers('transfers over encryptedStore', openSealed)
describeLostAnswers('lost answers over encryptedStore', openSealed)
describeMeetings('meetings over encryptedStore', openSealed)

const base = await listen(apiFixture({ store: sealed(memoryStore()) }))
describeSessionApi('the API over encryptedStore', (path, init) => fetch(base + path, init))
