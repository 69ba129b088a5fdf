import type { BusChannels } from '../../src/store.js'

/** Channels within the process, over which a test rules: what is sent may get lost, and the connection may break. */
export class LossyChannels {
  readonly #listeners = new Map<string, Set<(text: string) => void>>()
  readonly #gaps = new Set<() => void>()
  readonly #hanging: (() => void)[] = []
  isUp = true
  /** Whether a text gets lost (default: none does). */
  loses: (channel: string, text: string) => boolean = () => false
  /** Whether what it is asked does not end before `fail` (default: it does). */
  hangs: (what: 'send' | 'listen' | 'stop') => boolean = () => false
  sent = 0
  /** How often somebody wanted a new connection. */
  restarts = 0
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
        if (this.hangs('send')) await this.#hung()
        if (!this.isUp) throw new Error('the connection is broken')
        if (this.loses(channel, text)) return
        for (const listener of this.#listeners.get(channel) ?? []) listener(text)
      },
      listen: async (channel, onText) => {
        if (this.hangs('listen')) await this.#hung()
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
          if (this.hangs('stop')) await this.#hung()
          this.#end(channel, own.get(channel))
          own.delete(channel)
        }
      },
      watch: (onGap) => this.#gaps.add(onGap),
      restart: () => {
        this.restarts++
      },
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

  #hung(): Promise<never> {
    return new Promise((_, reject) => this.#hanging.push(() => reject(new Error('the connection is lost'))))
  }

  /** Fails what hangs, as a client does with a connection that it has lost. */
  fail(): void {
    this.hangs = () => false
    for (const reject of this.#hanging.splice(0)) reject()
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
