import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../../src/network/exchange.js'
import { freePort } from '../../src/network/free-port.js'
import { startEchoServer, type EchoServer } from '../echo-server.js'

let echo: EchoServer

describe('an exchange', () => {
  beforeAll(async () => {
    echo = await startEchoServer()
  })
  afterAll(() => echo.stop())

  it('reads until it has its answer, and closes', async () => {
    const answer = await exchange(echo, {
      request: Buffer.from('ping'),
      read(received, send) {
        if (received.toString() === 'ping') send(Buffer.from(' pong'))
        return received.length === 9 ? received.toString() : undefined
      },
    })
    expect(answer).toBe('ping pong')
    await once(echo.sockets[0]!, 'close')
  })

  it('ends at the deadline, with what reading throws, and with what the network says', async () => {
    const request = Buffer.from('ping')
    const deaf = exchange(echo, { request, read: () => undefined, timeoutMs: 50 })
    await expect(deaf).rejects.toThrow(`No answer from 127.0.0.1:${echo.port} in 50 ms`)
    const read = (): never => {
      throw new Error('gibberish')
    }
    await expect(exchange(echo, { request, read })).rejects.toThrow('gibberish')
    const nobody = { host: '127.0.0.1', port: await freePort() }
    await expect(exchange(nobody, { request, read })).rejects.toThrow('ECONNREFUSED')
  })

  it('ends when the other side does', async () => {
    const rude = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await once(rude, 'listening')
    const { port } = rude.address() as AddressInfo
    const talk = exchange({ host: '127.0.0.1', port }, { request: Buffer.from('x'), read: () => undefined })
    await expect(talk).rejects.toThrow(/closed the connection|ECONNRESET|EPIPE/)
    rude.close()
  })
})
