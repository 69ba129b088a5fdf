import { memoryStore } from '../../../src/index.js'
import { describeSessionStore } from '../../../src/testing.js'
import { sealed } from './sealed-stores.js'

describeSessionStore('encryptedStore over memory', async () => {
  const store = memoryStore()
  return { store: sealed(store), peer: sealed(store), sweepsMeanwhile: true }
})
