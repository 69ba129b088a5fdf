import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of this process, on a loopback port that the system chose. */
export interface Listening {
  readonly url: string
  /** Closes the remaining connections, and ends the server. */
  readonly close: () => Promise<void>
}

/** Serves HTTP by a function, such as a handler of Node or an app of Express. */
export async function listen(handle: RequestListener): Promise<Listening> {
  const server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
