import { processClock } from '../../time.js'

/** Values for a while, at most `maxCount` of them: the one that is kept for longest goes first. */
export class ExpiringCache<Value extends { readonly until: number }> {
  readonly #values = new Map<string, Value>()
  readonly #maxCount: number

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined || value.until > processClock()) return value
    this.#values.delete(key)
    return undefined
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value)
    const now = processClock()
    for (const [oldest, { until }] of this.#values) {
      if (until > now && this.#values.size <= this.#maxCount) return
      this.#values.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#values.delete(key)
  }
}
