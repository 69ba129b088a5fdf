import { memoryStore } from '../../src/index.js'
import { describeTransfers } from '../../src/testing.js'

describeTransfers('transfers over memoryStore', async () => {
  const store = memoryStore()
  return { store, peer: store }
})
