import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Server } from 'node:net'
import type { Endpoint } from './exchange.js'
import { ActiveFault, type Fault } from './fault.js'
import { ProxiedConnection } from './proxied-connection.js'

/** The options of {@link startFaultProxy}. */
export interface FaultProxyOptions {
  /** Where to pass bytes on to; a server of this package fits. */
  target: Endpoint
}

/** Starts a TCP proxy in front of a server. It passes everything on until a fault is set. */
export async function startFaultProxy({ target }: FaultProxyOptions): Promise<FaultProxy> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  const proxy = new FaultProxy(server, target)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return proxy
}

/** A TCP proxy that simulates failures of a network. */
export class FaultProxy implements Endpoint {
  readonly host = '127.0.0.1'
  readonly #server: Server
  readonly #fault = new ActiveFault()
  readonly #connections = new Set<ProxiedConnection>()

  constructor(server: Server, target: Endpoint) {
    this.#server = server
    const { host, port } = target
    const dial = () => connect({ host, port, allowHalfOpen: true, noDelay: true })
    server.on('connection', (client) => {
      const connection = new ProxiedConnection(client, dial, this.#fault)
      this.#connections.add(connection)
      connection.onClosed(() => this.#connections.delete(connection))
      connection.begin()
    })
  }

  /** Where clients connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many clients are connected. */
  get connections(): number {
    return [...this.#connections].filter((connection) => connection.hasClient).length
  }

  /** How often the last fault has struck. {@link heal} keeps the number, so that a test can check that it happened. */
  get hits(): number {
    return this.#fault.hits
  }

  /** The same URL through this proxy. */
  through(url: string): string {
    const rewritten = new URL(url)
    rewritten.hostname = this.host
    rewritten.port = String(this.port)
    return rewritten.href
  }

  /** Sets a fault, in place of the one before, and counts hits from zero. */
  set(fault: Fault): void {
    this.heal()
    this.#fault.set(fault)
    for (const connection of this.#connections) connection.onFault()
  }

  /**
   * Ends the fault. Connections that lost bytes, or whose server side is gone, are reset, as a peer does with a
   * connection that it does not know.
   */
  heal(): void {
    this.#fault.clear()
    for (const connection of this.#connections) connection.onHeal()
  }

  /** Closes all connections and the port. */
  async stop(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done))
    this.#fault.clear()
    for (const connection of this.#connections) connection.destroy()
    await closed
  }
}
