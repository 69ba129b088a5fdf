import {
  apiFixture,
  describeSessionApi,
  describeSessionStore,
  describeTransfers,
  describeTurns,
} from '@sessions/core/testing'
import { afterAll, beforeAll, describe } from 'vitest'
import { openers, type OpenStores, sealed } from './encrypted-servers.js'

for (const [name, open] of Object.entries(openers)) {
  const openSealed = async () => {
    const stores = await open()
    return { store: sealed(stores.store), peer: sealed(stores.peer), close: () => stores.close() }
  }
  describeSessionStore(`encryptedStore over ${name}`, openSealed)
  describeTurns(`turns over encryptedStore over ${name}`, openSealed)
  describe(name, () => {
    let stores: OpenStores
    let handle: (request: Request) => Promise<Response>
    beforeAll(async () => {
      stores = await open()
      handle = apiFixture({ store: sealed(stores.store) }).handle
    })
    afterAll(() => stores.close())
    describeSessionApi(`the API over encryptedStore over ${name}`, async (path, init) => {
      const request = new Request(`https://api.test${path}`, init)
      // As an answer that came over the network.
      return Object.defineProperty(await handle(request), 'url', { value: request.url })
    })
  })
  describeTransfers(`transfers over encryptedStore over ${name}`, openSealed)
}
