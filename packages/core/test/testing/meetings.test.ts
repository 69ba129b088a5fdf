import { memoryStore } from '../../src/index.js'
import { describeMeetings } from '../../src/testing.js'

describeMeetings('meetings over memoryStore', async () => {
  const store = memoryStore()
  return { store, peer: store }
})
