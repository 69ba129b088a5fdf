import { memoryStore } from '../../src/index.js'
import { describeTurns } from '../../src/testing.js'

describeTurns('turns over memoryStore', async () => {
  const store = memoryStore()
  return { store, peer: store }
})
