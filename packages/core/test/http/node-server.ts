import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'
import type { SessionApi } from '../../src/http.js'
import { toNodeHandler } from '../../src/node.js'

/** The API on a port of its own, until the tests of the file end. */
export async function listen(api: SessionApi): Promise<string> {
  const handle = toNodeHandler(api)
  const server = createServer((req, res) => void handle(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
