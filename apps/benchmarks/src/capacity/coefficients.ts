import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a session and a call cost in a store, as it was measured. */
export interface StoreCosts {
  /** Bytes of a session without messages, its indexes included. */
  readonly sessionBytes: number
  /** Bytes of a message beside its text, its indexes included. */
  readonly messageBytes: number
  /** Bytes for each byte of text. */
  readonly textFactor: number
  /** The same for messages of some kilobytes, which a server may compress. */
  readonly longTextFactor: number
  /** Microseconds of the server's processor for a commit of one message. */
  readonly commitServerUs: number
  /** Microseconds of the application's processor for it. */
  readonly commitClientUs: number
  /** The same for a read with its 20 newest messages. */
  readonly readServerUs: number
  readonly readClientUs: number
  /** Bytes that the server writes to its log for a commit. */
  readonly logBytes: number
}

/** What copies of sessions cost, which answer reads that may be old: in the process, or in a cache that processes share. */
export interface CopyCosts {
  /** Bytes of the copy of a session without messages. */
  readonly sessionBytes: number
  /** Bytes of a message of it beside its text. */
  readonly messageBytes: number
  /** Bytes for each byte of text. */
  readonly textFactor: number
  /** Microseconds of the cache's processor for a read that it answers, with the 20 newest messages. */
  readonly readServerUs: number
  /** Microseconds of the application's processor for it. */
  readonly readClientUs: number
  /** Microseconds that a commit takes more because there is a cache. */
  readonly commitServerUs: number
  readonly commitClientUs: number
}

/** What was measured, when, and on which machine. */
export interface Coefficients {
  readonly measuredOn: string
  readonly machine: string
  readonly stores: Readonly<Record<'redis' | 'postgres', StoreCosts>>
  /** Of `tieredStore`: in memory, and in a `redisCache`. */
  readonly copies: Readonly<Record<'memory' | 'shared', CopyCosts>>
}

const file = join(import.meta.dirname, '../../capacity.json')

/** The coefficients that `npm run capacity -- --measure` has written. */
export function readCoefficients(): Coefficients {
  return JSON.parse(readFileSync(file, 'utf8')) as Coefficients
}

export { file as coefficientsFile }
