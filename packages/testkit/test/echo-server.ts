import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP server that sends back what it gets, and remembers it. */
export interface EchoServer {
  host: string
  port: number
  /** All it has received, over all connections. */
  received(): string
  /** The connections it has accepted, closed ones too. */
  sockets: Socket[]
  stop(): Promise<void>
}

export async function startEchoServer(): Promise<EchoServer> {
  const sockets: Socket[] = []
  let received = ''
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      received += bytes.toString()
      socket.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    received: () => received,
    sockets,
    async stop() {
      const closed = new Promise((done) => server.close(done))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
