import type { SessionNotice } from './session-bus.js'
import type { Batch } from './outbox.js'

/** What one process sends to the others on a topic. */
export interface Envelope {
  readonly sender: string
  /** Counts what the sender has sent on this topic, from 1: a receiver sees what it has missed. */
  readonly number: number
  readonly batch: Batch
}

/** What a process says once a second: how much it has sent on each topic. */
export interface Heartbeat {
  readonly sender: string
  readonly numbers: readonly (readonly [topic: number, number: number])[]
}

type Line = [
  tenantId: string,
  id: string,
  isRemoved: 0 | 1,
  incarnation: string | null,
  changes: number | null,
]

export function encodeEnvelope({ sender, number, batch }: Envelope): string {
  return JSON.stringify([sender, number, batch === 'all' ? 0 : batch.map(toLine)])
}

/** Undefined for what no process of ours has sent. */
export function decodeEnvelope(text: string): Envelope | undefined {
  const value = parse(text)
  if (!Array.isArray(value)) return undefined
  const [sender, number, lines] = value as unknown[]
  if (typeof sender !== 'string' || !Number.isSafeInteger(number)) return undefined
  if (lines === 0) return { sender, number: number as number, batch: 'all' }
  if (!Array.isArray(lines) || !lines.every(isLine)) return undefined
  return { sender, number: number as number, batch: lines.map(fromLine) }
}

export function encodeHeartbeat({ sender, numbers }: Heartbeat): string {
  return JSON.stringify([sender, numbers])
}

export function decodeHeartbeat(text: string): Heartbeat | undefined {
  const value = parse(text)
  if (!Array.isArray(value)) return undefined
  const [sender, numbers] = value as unknown[]
  if (typeof sender !== 'string' || !Array.isArray(numbers) || !numbers.every(isPair)) return undefined
  return { sender, numbers }
}

function toLine({ tenantId, id, kind, incarnation, changes }: SessionNotice): Line {
  return [tenantId, id, kind === 'removed' ? 1 : 0, incarnation ?? null, changes ?? null]
}

function fromLine([tenantId, id, isRemoved, incarnation, changes]: Line): SessionNotice {
  return {
    tenantId,
    id,
    kind: isRemoved === 1 ? 'removed' : 'changed',
    ...(incarnation === null ? {} : { incarnation }),
    ...(changes === null ? {} : { changes }),
  }
}

function isLine(value: unknown): value is Line {
  if (!Array.isArray(value) || value.length !== 5) return false
  const [tenantId, id, isRemoved, incarnation, changes] = value as unknown[]
  return (
    typeof tenantId === 'string' &&
    typeof id === 'string' &&
    (isRemoved === 0 || isRemoved === 1) &&
    (incarnation === null || typeof incarnation === 'string') &&
    (changes === null || typeof changes === 'number')
  )
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((each) => Number.isSafeInteger(each))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
