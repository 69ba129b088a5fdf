import type { Timing } from '../src/timing.js'

/** A clock that moves by hand, and calls back whoever waits for a moment. */
export class VirtualTime implements Timing {
  #now = 0
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = []

  now(): number {
    return this.#now
  }

  pause(ms: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ at: this.#now + ms, wake }))
  }

  move(ms: number): void {
    this.#now += ms
    for (const { at, wake } of this.#sleepers.splice(0)) {
      if (at <= this.#now) wake()
      else this.#sleepers.push({ at, wake })
    }
  }

  /** The result of work, while the clock moves on by 10 ms whenever everything else has been done. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const done = work.finally(() => {
      state.isDone = true
    })
    done.catch(() => {})
    for (let steps = 0; !state.isDone; steps++) {
      if (steps > 100_000) throw new Error('The work does not end.')
      await new Promise<void>((resolve) => setImmediate(resolve))
      this.move(10)
    }
    return done
  }
}
