import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ActiveFault, Fault } from './fault.js'

/** One client of a fault proxy, and its connection to the server. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #dial: () => Socket
  readonly #fault: ActiveFault
  #server: Socket | undefined
  /** The server side closed, and the client was not told. */
  #serverLost = false
  /** Bytes were swallowed. TCP delivers all bytes or none, so nothing may follow them after the fault. */
  #hasGap = false
  /** The fault when the client last sent a request: only a later reply is its answer. */
  #askedUnder: Fault | undefined
  #lastDelivery: Promise<unknown> = Promise.resolve()
  #undelivered = 0
  #onClosed: () => void = () => undefined

  constructor(client: Socket, dial: () => Socket, fault: ActiveFault) {
    this.#client = client
    this.#dial = dial
    this.#fault = fault
  }

  get hasClient(): boolean {
    return !this.#client.destroyed
  }

  /** Calls back after both sides are closed. */
  onClosed(callback: () => void): void {
    this.#onClosed = callback
  }

  /** Accepts the client, under the current fault. */
  begin(): void {
    const client = this.#client
    client.on('error', () => undefined)
    client.on('data', (bytes) => this.#onRequest(bytes))
    client.on('end', () => this.#isSevered() || this.#server?.end())
    client.on('close', () => {
      if (!this.#isSevered()) this.#server?.destroy()
      this.#checkClosed()
    })
    this.onFault()
    if (!this.#isSevered() && this.hasClient) this.#connectServer()
  }

  /** A fault has just been set: a fault that strikes whole connections does so at once. */
  onFault(): void {
    if (!this.hasClient) return
    if (this.#fault.strike('reset')) this.reset()
    else if (this.#fault.strike('halfOpen')) this.#loseServer()
  }

  /** The fault is over: each side learns the state of the other. */
  onHeal(): void {
    if (this.#serverLost || this.#hasGap) this.reset()
    if (!this.hasClient) this.#server?.destroy()
    if (this.#client.readableEnded) this.#server?.end()
    if (this.#server?.readableEnded) this.#afterDeliveries(() => this.#client.end())
  }

  /** Ends both sides with RST. */
  reset(): void {
    this.#client.resetAndDestroy()
    this.#server?.resetAndDestroy()
  }

  /** Closes both sides. */
  destroy(): void {
    this.#client.destroy()
    this.#server?.destroy()
    this.#checkClosed()
  }

  #onRequest(bytes: Buffer): void {
    if (this.#serverLost || this.#swallows()) return
    if (this.#fault.strike('cutAfterRequest')) {
      this.destroy()
      return
    }
    this.#askedUnder = this.#fault.current
    // A client that came during a black hole has no server connection yet.
    const server = this.#server ?? this.#connectServer()
    server.write(bytes)
  }

  #onReply(bytes: Buffer): void {
    if (this.#swallows()) return
    if (this.#askedUnder === this.#fault.current && this.#fault.strike('cutBeforeReply')) {
      this.destroy()
      return
    }
    const delayMs = this.#fault.strike('latency')?.ms ?? 0
    if (delayMs === 0 && this.#undelivered === 0) this.#client.write(bytes)
    else this.#deliverLater(delayMs, bytes)
  }

  #swallows(): boolean {
    if (this.#fault.strike('blackHole')) {
      this.#hasGap = true
      return true
    }
    if (this.#hasGap) this.reset()
    return this.#hasGap
  }

  // After all earlier pieces, so that no reply overtakes another.
  #deliverLater(delayMs: number, bytes: Buffer): void {
    const dueAt = Date.now() + delayMs
    this.#undelivered += 1
    this.#lastDelivery = this.#lastDelivery
      .then(() => sleep(Math.max(dueAt - Date.now(), 0)))
      .then(() => {
        this.#undelivered -= 1
        if (this.hasClient) this.#client.write(bytes)
      })
  }

  #afterDeliveries(task: () => void): void {
    void this.#lastDelivery.then(task)
  }

  #connectServer(): Socket {
    const server = this.#dial()
    this.#server = server
    server.on('error', () => undefined)
    server.on('data', (bytes) => this.#onReply(bytes))
    server.on('end', () => {
      if (!this.#isSevered()) this.#afterDeliveries(() => this.#client.end())
    })
    server.on('close', (failed) => {
      if (this.#isSevered()) this.#serverLost = true
      else if (failed) this.#client.resetAndDestroy()
      else this.#afterDeliveries(() => this.#client.destroySoon())
      this.#checkClosed()
    })
    return server
  }

  #loseServer(): void {
    this.#serverLost = true
    this.#server?.destroy()
  }

  // Neither side is told about the other's end.
  #isSevered(): boolean {
    return this.#serverLost || this.#fault.current?.kind === 'blackHole'
  }

  #checkClosed(): void {
    if (this.#client.destroyed && (this.#server?.destroyed ?? true)) this.#onClosed()
  }
}
