import { type Life, toMarker } from '../../src/torture/marker.js'
import type { Operation } from '../../src/torture/operation.js'
import type { Snapshot, SnapshotMessage } from '../../src/torture/snapshot.js'

export const basket: Life = { tenantId: 'acme', sessionId: 'basket', incarnation: 'i1' }

// Distributes over the kinds.
type Told<O> = O extends Operation ? Partial<Operation> & Pick<O, 'kind'> & Partial<Omit<O, 'kind'>> : never

/** Operations one after the other, each acknowledged in 10 us and followed by 10 of silence, unless told otherwise. */
export function story(...told: Told<Operation>[]): Operation[] {
  return told.map(
    (one, n) =>
      ({
        lane: 'w0l0',
        n,
        ...basket,
        begin: n * 20,
        end: n * 20 + 10,
        outcome: 'acknowledged',
        ...one,
      }) as Operation,
  )
}

/** What a lane would have written under an id. */
export function textOf(id: string, life: Life = basket): string {
  return `${toMarker(life)} ${id}`
}

export function append(id: string, seq: number, more: object = {}): Told<Operation> {
  return {
    kind: 'append',
    messages: [{ id, text: textOf(id) }],
    places: [{ seq, inserted: true }],
    ...more,
  } as never
}

/** A message as the store keeps it. */
export function stored(seq: number, id: string, text: string = textOf(id)): SnapshotMessage {
  return { seq, id, text, payload: JSON.stringify({ role: 'user', content: text, tokens: 1 }) }
}

/** A session that holds these messages, all on its active branch, and nothing else unless told. */
export function holding(messages: readonly SnapshotMessage[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    ...basket,
    lastSeq: Math.max(0, ...messages.map(({ seq }) => seq)),
    trimmedSeq: 0,
    messages,
    body: '{}',
    cart: {},
    registers: {},
    total: 0,
    counts: {},
    active: messages.map(({ seq }) => seq),
    ...more,
  }
}
