import { memoryStore } from '../../src/stores/memory-store.js'
import { describeSessionStore } from '../../src/testing/store-suite.js'

describeSessionStore('memoryStore', async () => {
  const store = memoryStore()
  return { store, peer: store }
})
