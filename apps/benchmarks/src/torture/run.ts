import type { Operation } from './operation.js'
import type { ReadBack } from './read-back.js'

export interface RunOptions {
  readonly processes: number
  readonly seconds: number
  readonly seed: number
  /** Whether the server is killed and started again half-way. */
  readonly kill: boolean
  readonly onProgress: (operations: number, faults: number) => void
}

/** The operations, the faults, and the sessions at the end. */
export interface RunResult extends ReadBack {
  readonly operations: readonly Operation[]
  readonly struck: Readonly<Record<string, number>>
}
