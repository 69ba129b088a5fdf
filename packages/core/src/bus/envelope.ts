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
  return JSON.stringify([sender, number, toLines(batch)])
}

/** Undefined for what no process of ours has sent. */
export function decodeEnvelope(text: string): Envelope | undefined {
  const value = parse(text)
  if (!Array.isArray(value)) return undefined
  const [sender, number, lines] = value as unknown[]
  const batch = toBatch(lines)
  if (typeof sender !== 'string' || !Number.isSafeInteger(number) || batch === undefined) return undefined
  return { sender, number: number as number, batch }
}

/** What one process sends to the others on many topics at once. */
export interface Bundle {
  readonly sender: string
  readonly parts: readonly (Omit<Envelope, 'sender'> & { readonly topic: number })[]
}

export function encodeBundle({ sender, parts }: Bundle): string {
  return JSON.stringify([sender, parts.map(({ topic, number, batch }) => [topic, number, toLines(batch)])])
}

/** Undefined for what no process of ours has sent. */
export function decodeBundle(text: string): Bundle | undefined {
  const value = parse(text)
  if (!Array.isArray(value)) return undefined
  const [sender, listed] = value as unknown[]
  if (typeof sender !== 'string' || !Array.isArray(listed)) return undefined
  const parts: Bundle['parts'][number][] = []
  for (const part of listed as unknown[]) {
    if (!Array.isArray(part)) return undefined
    const [topic, number, lines] = part as unknown[]
    const batch = toBatch(lines)
    if (!Number.isSafeInteger(topic) || !Number.isSafeInteger(number) || batch === undefined) return undefined
    parts.push({ topic: topic as number, number: number as number, batch })
  }
  return { sender, parts }
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

const toLines = (batch: Batch): Line[] | 0 => (batch === 'all' ? 0 : batch.map(toLine))

function toBatch(lines: unknown): Batch | undefined {
  if (lines === 0) return 'all'
  return Array.isArray(lines) && lines.every(isLine) ? lines.map(fromLine) : undefined
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
