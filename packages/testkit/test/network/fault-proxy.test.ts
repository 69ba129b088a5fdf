import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startFaultProxy, waitUntil, type FaultProxy } from '../../src/index.js'
import { startEchoServer, type EchoServer } from '../echo-server.js'
import { TcpClient } from '../tcp-client.js'

let echo: EchoServer
let proxy: FaultProxy
let client: TcpClient

// Nothing to poll for: that nothing happens takes a while to see.
const aWhile = (): Promise<void> => sleep(100)

describe('a fault proxy', () => {
  beforeEach(async () => {
    echo = await startEchoServer()
    proxy = await startFaultProxy({ target: echo })
    client = await TcpClient.connect(proxy)
    client.send('1')
    await client.receives('1')
  })
  afterEach(async () => {
    client.destroy()
    await proxy.stop()
    await echo.stop()
  })

  it('passes everything on, counts its clients and gives its URL', async () => {
    const other = await TcpClient.connect(proxy)
    await waitUntil(() => proxy.connections === 2, { what: 'two connections' })
    other.destroy()
    await waitUntil(() => proxy.connections === 1, { what: 'one connection' })
    const big = 'x'.repeat(5_000_000)
    client.send(big)
    await client.receives(`1${big}`)
    expect(proxy.through('redis://:pw@somewhere:6379/2')).toBe(`redis://:pw@127.0.0.1:${proxy.port}/2`)
    expect(proxy.through('postgres://u@db/app?x=1')).toBe(`postgres://u@127.0.0.1:${proxy.port}/app?x=1`)
    expect(proxy.hits).toBe(0)
  })

  it('latency: a reply comes later, in order, and healing hurries none', async () => {
    proxy.set({ kind: 'latency', ms: 150 })
    const sentAt = performance.now()
    client.send('2')
    await waitUntil(() => proxy.hits === 1, { what: 'a hit' })
    expect(echo.received()).toBe('12')
    proxy.heal()
    client.send('3')
    await client.receives('123')
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(149)
  })

  it('blackHole: nothing comes through either way, and what has a gap is reset once it is over', async () => {
    proxy.set({ kind: 'blackHole' })
    client.send('2')
    echo.sockets[0]!.write('unasked')
    await waitUntil(() => proxy.hits === 2, { what: 'two hits' })
    const late = await TcpClient.connect(proxy)
    late.send('a')
    await waitUntil(() => proxy.hits === 3, { what: 'three hits' })
    await aWhile()
    expect([echo.received(), client.received, client.isClosed, late.isClosed]).toEqual([
      '1',
      '1',
      false,
      false,
    ])
    proxy.heal()
    // What comes after a gap would be taken for what was lost.
    expect(await client.closes()).toBe('ECONNRESET')
    expect(await late.closes()).toBe('ECONNRESET')
  })

  it('blackHole: neither side hears that the other has closed, until it is healed', async () => {
    proxy.set({ kind: 'blackHole' })
    const late = await TcpClient.connect(proxy)
    client.destroy()
    await aWhile()
    expect(echo.sockets[0]!.closed).toBe(false)
    proxy.heal()
    await waitUntil(() => echo.sockets[0]!.closed, { what: 'the server to hear of it' })
    late.destroy()
  })

  it('reset: open connections and new ones end with RST', async () => {
    proxy.set({ kind: 'reset' })
    expect(await client.closes()).toBe('ECONNRESET')
    const late = TcpClient.begin(proxy)
    expect(await late.closes()).toBe('ECONNRESET')
    expect(proxy.hits).toBe(2)
    await waitUntil(() => echo.sockets[0]!.closed, { what: 'the server side to end' })
  })

  it('cutAfterRequest: the server never sees the request', async () => {
    proxy.set({ kind: 'cutAfterRequest', times: 1 })
    await aWhile()
    expect(client.isClosed).toBe(false)
    client.send('2')
    await client.closes()
    expect([proxy.hits, client.received]).toEqual([1, '1'])
    await waitUntil(() => echo.sockets[0]!.closed, { what: 'the server side to end' })
    expect(echo.received()).toBe('1')
    client = await TcpClient.connect(proxy)
    client.send('3')
    await client.receives('3')
  })

  it('cutBeforeReply: the server has seen the request, the client sees no reply', async () => {
    proxy.set({ kind: 'cutBeforeReply', times: 1 })
    client.send('2')
    await client.closes()
    expect([proxy.hits, client.received, echo.received()]).toEqual([1, '1', '12'])
    client = await TcpClient.connect(proxy)
    client.send('3')
    await client.receives('3')
  })

  it('cutBeforeReply: lets pass what answers nothing that was asked since', async () => {
    proxy.set({ kind: 'cutBeforeReply' })
    echo.sockets[0]!.write('unasked')
    await client.receives('1unasked')
    expect(proxy.hits).toBe(0)
  })

  it('halfOpen: the server side is gone, the client hears nothing until the network heals', async () => {
    proxy.set({ kind: 'halfOpen' })
    await waitUntil(() => echo.sockets[0]!.closed, { what: 'the server side to end' })
    const late = await TcpClient.connect(proxy)
    await waitUntil(() => proxy.hits === 2, { what: 'two hits' })
    client.send('2')
    late.send('a')
    await aWhile()
    expect([client.isClosed, late.isClosed, echo.received()]).toEqual([false, false, '1'])
    expect(echo.sockets).toHaveLength(1)
    proxy.heal()
    expect([await client.closes(), await late.closes()]).toEqual(['ECONNRESET', 'ECONNRESET'])
  })

  it('strikes as often as it was told to, and counts anew each time', async () => {
    proxy.set({ kind: 'blackHole', times: 2 })
    client.send('a')
    await waitUntil(() => proxy.hits === 1, { what: 'a hit' })
    client.send('b')
    await waitUntil(() => proxy.hits === 2, { what: 'a second hit' })
    client.send('c')
    expect(await client.closes()).toBe('ECONNRESET')
    proxy.set({ kind: 'latency', ms: 1 })
    expect(proxy.hits).toBe(0)
  })
})
