/** What an operator should know of a store: of its database, its client, and how both are set. */
export interface StoreFinding {
  /** `error`: calls fail, or give what is wrong. `warning`: calls work, at a price that `message` names. */
  readonly level: 'error' | 'warning'
  /**
   * What it is about, for code: `rights`, `migrations`, `persistence` and others (docs/telemetry.md has them all), or
   * the code of the error that the store gives.
   */
  readonly code: string
  /** What is so, and what to do about it. For operators: it may name hosts, roles and tables. */
  readonly message: string
}
