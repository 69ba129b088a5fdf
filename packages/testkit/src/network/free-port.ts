import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** A loopback TCP port that the system chose and that was free a moment ago. */
export async function freePort(): Promise<number> {
  const port = await bind(0)
  if (port === undefined) throw new Error('The system gives no free port on 127.0.0.1')
  return port
}

/** A free port whose neighbour `offset` ports higher is free too, as a Redis Cluster node needs for its bus. */
export async function freePortPair(offset: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = await freePort()
    if (port + offset <= 65_535 && (await bind(port + offset)) !== undefined) return port
  }
  throw new Error(`Found no two free ports ${offset} apart on 127.0.0.1`)
}

async function bind(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch {
    return undefined
  } finally {
    await new Promise((closed) => server.close(closed))
  }
}
