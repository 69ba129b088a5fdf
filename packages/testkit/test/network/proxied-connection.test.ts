import { createServer } from 'node:net'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { freePort, startFaultProxy, waitUntil } from '../../src/index.js'
import { startEchoServer } from '../echo-server.js'
import { TcpClient } from '../tcp-client.js'

describe('a proxied connection', () => {
  it('is reset when the server cannot be reached', async () => {
    const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: await freePort() } })
    const client = TcpClient.begin(proxy)
    expect(await client.closes()).toBe('ECONNRESET')
    await proxy.stop()
  })

  it('passes on a reset by the server', async () => {
    const echo = await startEchoServer()
    const proxy = await startFaultProxy({ target: echo })
    const client = await TcpClient.connect(proxy)
    client.send('1')
    await client.receives('1')
    echo.sockets[0]!.resetAndDestroy()
    expect(await client.closes()).toBe('ECONNRESET')
    await proxy.stop()
    await echo.stop()
  })

  it('passes on the end of a client, and the reply that follows it', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume()
      socket.on('end', () => socket.end('goodbye'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port } })
    const client = await TcpClient.connect(proxy)
    client.send('hello')
    client.end()
    await client.receives('goodbye')
    expect(await client.closes()).toBeUndefined()
    await waitUntil(() => proxy.connections === 0, { what: 'no connections' })
    await proxy.stop()
    server.close()
  })

  it('delivers a slow reply before the end that follows it, healed meanwhile or not', async () => {
    const server = createServer((socket) => {
      socket.on('data', () => socket.end('goodbye'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port } })
    proxy.set({ kind: 'latency', ms: 50 })
    const client = await TcpClient.connect(proxy)
    client.send('hello')
    await client.receives('goodbye')
    expect(await client.closes()).toBeUndefined()

    const healed = await TcpClient.connect(proxy)
    healed.send('hello')
    await waitUntil(() => proxy.hits === 2, { what: 'the reply to be on its way' })
    // The server's end comes right behind its reply.
    await setImmediate()
    proxy.heal()
    await healed.receives('goodbye')
    expect(await healed.closes()).toBeUndefined()
    await proxy.stop()
    server.close()
  })
})
