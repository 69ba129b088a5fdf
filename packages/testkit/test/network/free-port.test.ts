import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { freePort, freePortPair } from '../../src/network/free-port.js'

describe('freePort', () => {
  it('gives a port that can be bound', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1')
    await once(server, 'listening')
    server.close()
  })

  it('gives one whose neighbour can be bound too', async () => {
    const port = await freePortPair(10_000)
    expect(port + 10_000).toBeLessThanOrEqual(65_535)
    const server = createServer().listen(port + 10_000, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  })
})
