import { describeSessionStore, describeTransfers, describeTurns } from '@sessions/core/testing'
import { openers, sealed } from './encrypted-servers.js'

for (const [name, open] of Object.entries(openers)) {
  const openSealed = async () => {
    const stores = await open()
    return { store: sealed(stores.store), peer: sealed(stores.peer), close: () => stores.close() }
  }
  describeSessionStore(`encryptedStore over ${name}`, openSealed)
  describeTurns(`turns over encryptedStore over ${name}`, openSealed)
  describeTransfers(`transfers over encryptedStore over ${name}`, openSealed)
}
