import { describe, expect, it } from 'vitest'
import { check } from '../../src/torture/checker/check.js'
import { redactedText } from '../../src/torture/checker/check-redactions.js'
import type { Operation } from '../../src/torture/operation.js'
import type { Snapshot } from '../../src/torture/snapshot.js'
import { append, holding, story, stored } from './story.js'

function faults(operations: readonly Operation[], ...snapshots: Snapshot[]): string[] {
  return check(operations, snapshots).map(({ fault }) => fault)
}

const redact = { kind: 'redact', seq: 1, messageId: 'm1' } as const
const unknown = { outcome: 'unknown', code: 'unknown_outcome' } as const
const refused = { outcome: 'refused', code: 'unavailable' } as const
const hidden = stored(1, 'm1', redactedText)

describe('a redaction', () => {
  it('is no loss, also of two messages, and one with an unknown outcome may hold or not', () => {
    const two = story(append('m1', 1), append('m2', 2), redact, { ...redact, seq: 2, messageId: 'm2' })
    expect(faults(two, holding([hidden, stored(2, 'm2', redactedText)]))).toEqual([])
    const maybe = story(append('m1', 1), { ...redact, ...unknown })
    expect(faults(maybe, holding([hidden]))).toEqual([])
    expect(faults(maybe, holding([stored(1, 'm1')]))).toEqual([])
  })

  it('that was undone is found', () => {
    expect(faults(story(append('m1', 1), redact), holding([stored(1, 'm1')]))).toEqual(['resurrected'])
  })

  it('that nobody asked for, or that was refused, is found', () => {
    expect(faults(story(append('m1', 1)), holding([hidden]))).toContain('lost')
    expect(faults(story(append('m1', 1), { ...redact, ...refused }), holding([hidden]))).toContain('lost')
  })

  it('whose session went between its steps may show in a fork that was faster', () => {
    const fork = { sessionId: 'fork', incarnation: 'i2' } as const
    const messages = [{ id: 'm1', text: redactedText }]
    const forked = { kind: 'fork', source: 'basket', messages, ...fork } as const
    const gone = { ...redact, outcome: 'refused', code: 'not_found', absent: true } as const
    const seen = holding([hidden], fork)
    const removed = { kind: 'delete' } as const
    expect(faults(story(append('m1', 1), forked, removed, gone), seen)).toEqual([])
    const before = { ...redact, ...refused }
    expect(faults(story(append('m1', 1), before, forked, removed), seen)).toContain('lost')
  })

  it('may be gone with what a reset has dropped', () => {
    const operations = story(append('m1', 1), redact, { kind: 'reset' })
    expect(faults(operations, holding([], { trimmedSeq: 1, lastSeq: 1 }))).toEqual([])
  })
})

describe('a copy', () => {
  it('that is not as its session was is found', () => {
    const held = holding([stored(1, 'm1')])
    expect(faults(story(append('m1', 1), { kind: 'copy' }), held)).toEqual([])
    expect(faults(story(append('m1', 1), { kind: 'copy', wrong: 'the copy is not there' }), held)).toEqual([
      'lost',
    ])
  })
})
