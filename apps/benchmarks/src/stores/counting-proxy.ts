import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Round trips and bytes on the wire. */
export interface Traffic {
  roundTrips: number
  bytesUp: number
  bytesDown: number
}

/** A TCP proxy that counts. For one caller who waits for each answer, a change of direction is a round trip. */
export async function startCountingProxy(url: string) {
  const target = new URL(url)
  const traffic: Traffic = { roundTrips: 0, bytesUp: 0, bytesDown: 0 }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
    let isAnswered = true
    client.on('data', (bytes: Buffer) => {
      if (isAnswered) traffic.roundTrips++
      isAnswered = false
      traffic.bytesUp += bytes.length
      upstream.write(bytes)
    })
    upstream.on('data', (bytes: Buffer) => {
      isAnswered = true
      traffic.bytesDown += bytes.length
      client.write(bytes)
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    /** The traffic of `work` alone. */
    async count(work: () => Promise<void>): Promise<Traffic> {
      const before = { ...traffic }
      await work()
      return {
        roundTrips: traffic.roundTrips - before.roundTrips,
        bytesUp: traffic.bytesUp - before.bytesUp,
        bytesDown: traffic.bytesDown - before.bytesDown,
      }
    },
    async stop(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
