import { memoryStore } from '../../src/index.js'
import { describeLostAnswers } from '../../src/testing.js'

describeLostAnswers('lost answers over memoryStore', async () => {
  const store = memoryStore()
  return { store, peer: store }
})
