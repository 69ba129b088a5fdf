import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, type FaultProxy, startFaultProxy, type Server } from '@sessions/testkit'
import type { Random } from '../random.js'

/** How often each kind of fault struck. */
export type Struck = Record<string, number>

/** A bad network between one worker and the server. */
export class Chaos {
  readonly struck: Struck = {}
  readonly #proxy: FaultProxy
  readonly #random: Random
  #isOver = false
  #run: Promise<void> | undefined

  private constructor(proxy: FaultProxy, random: Random) {
    this.#proxy = proxy
    this.#random = random
  }

  static async before(target: Server, random: Random): Promise<Chaos> {
    return new Chaos(await startFaultProxy({ target }), random)
  }

  through(url: string): string {
    return this.#proxy.through(url)
  }

  begin(): void {
    this.#run = this.#misbehave()
  }

  /** Ends the faults; open connections stay open. */
  async heal(): Promise<void> {
    this.#isOver = true
    await this.#run
    this.#proxy.heal()
  }

  async stop(): Promise<void> {
    await this.heal()
    await this.#proxy.stop()
  }

  async #misbehave(): Promise<void> {
    while (!this.#isOver) {
      await sleep(this.#random.int(10, 150))
      const { fault, forMs } = this.#next()
      this.#proxy.set(fault)
      await sleep(forMs)
      // A late reply, or a reply that lost pieces, counts as one fault, however many pieces it had.
      const isLasting = fault.kind === 'latency' || fault.kind === 'blackHole'
      const hits = isLasting ? Math.min(this.#proxy.hits, 1) : this.#proxy.hits
      // TCP loses connections, never bytes in the middle of one: a connection that lost bytes has to be made again.
      if (fault.kind === 'blackHole' && hits > 0) this.#proxy.set({ kind: 'reset' })
      this.#proxy.heal()
      if (hits > 0) this.struck[fault.kind] = (this.struck[fault.kind] ?? 0) + hits
    }
  }

  #next(): { fault: Fault; forMs: number } {
    const times = this.#random.int(1, 4)
    const kind = this.#random.weighted({
      latency: 2,
      cutBeforeReply: 5,
      cutAfterRequest: 3,
      reset: 3,
      blackHole: 1,
      halfOpen: 1,
    })
    switch (kind) {
      case 'latency':
        return { fault: { kind, ms: this.#random.int(2, 60) }, forMs: this.#random.int(50, 300) }
      case 'blackHole':
        // Sometimes longer than the clients wait.
        return { fault: { kind }, forMs: this.#random.int(50, 900) }
      case 'halfOpen':
        return { fault: { kind, times: 1 }, forMs: this.#random.int(50, 700) }
      default:
        return { fault: { kind, times }, forMs: this.#random.int(20, 150) }
    }
  }
}
