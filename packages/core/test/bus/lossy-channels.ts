import type { BusChannels } from '../../src/store.js'

/** Channels within the process, over which a test rules: what is sent may get lost, and the connection may break. */
export class LossyChannels {
  readonly #listeners = new Map<string, Set<(text: string) => void>>()
  readonly #gaps = new Set<() => void>()
  isUp = true
  /** Whether a text gets lost (default: none does). */
  loses: (channel: string, text: string) => boolean = () => false
  sent = 0
  #onListen = (): void => {}
  /** Resolves when somebody listens for the first time. */
  readonly listened = new Promise<void>((resolve) => (this.#onListen = resolve))

  open(): BusChannels {
    const isUp = (): boolean => this.isUp
    const own = new Map<string, (text: string) => void>()
    return {
      get isUp() {
        return isUp()
      },
      send: async (channel, text) => {
        this.sent++
        if (!this.isUp) throw new Error('the connection is broken')
        if (this.loses(channel, text)) return
        for (const listener of this.#listeners.get(channel) ?? []) listener(text)
      },
      listen: async (channel, onText) => {
        if (!this.isUp) throw new Error('the connection is broken')
        // As with a client of Redis: one subscription to a channel, which the last to end it ends.
        this.#end(channel, own.get(channel))
        own.set(channel, onText)
        const listeners = this.#listeners.get(channel) ?? new Set<(text: string) => void>()
        this.#listeners.set(channel, listeners)
        listeners.add(onText)
        this.#onListen()
        return async () => {
          await Promise.resolve()
          this.#end(channel, own.get(channel))
          own.delete(channel)
        }
      },
      watch: (onGap) => this.#gaps.add(onGap),
      close: async () => {},
    }
  }

  #end(channel: string, onText: ((text: string) => void) | undefined): void {
    if (onText !== undefined) this.#listeners.get(channel)?.delete(onText)
  }

  /** Sends a text that no bus has made. */
  say(channel: string, text: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(text)
  }

  break(): void {
    this.isUp = false
    for (const onGap of this.#gaps) onGap()
  }

  mend(): void {
    this.isUp = true
    for (const onGap of this.#gaps) onGap()
  }
}
