import { byteLength } from '../../json.js'
import type { SessionRecord } from '../session-record.js'
import { isSealed, payloadOverhead } from './session-seal.js'

type Counts = Pick<SessionRecord, 'bytes' | 'lastSeq' | 'trimmedSeq'>

/** How many bytes of UTF-8 a payload takes, as the store has it, once it is opened. */
export function openedBytes(payload: string): number {
  return isSealed(payload) ? (payload.length - payloadOverhead) / 2 : byteLength(payload)
}

/** The `bytes` of a session whose sealed payloads take as many as its record says. */
export function openedCount({ bytes, ...log }: Counts): number {
  const opened = (bytes - payloadOverhead * countOf(log)) / 2
  // Where payloads that are not sealed stand among the others, the count is too high rather than too low.
  return Number.isSafeInteger(opened) && opened >= 0 ? opened : bytes
}

/** The `bytes` of a session once its payloads are sealed. */
export function sealedCount({ bytes, ...log }: Counts): number {
  return sealedBytes(bytes, countOf(log))
}

/** How many bytes so many sealed payloads take, which together take so many bytes when they are opened. */
export function sealedBytes(bytes: number, count: number): number {
  return Math.min(2 * bytes + payloadOverhead * count, Number.MAX_SAFE_INTEGER)
}

/** How many messages a log has. */
export function countOf({ lastSeq, trimmedSeq }: Omit<Counts, 'bytes'>): number {
  return lastSeq - trimmedSeq
}
