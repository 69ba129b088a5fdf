import { describe, expect, it } from 'vitest'
import { check } from '../../src/torture/checker/check.js'
import { toMarker } from '../../src/torture/marker.js'
import type { Operation } from '../../src/torture/operation.js'
import type { Snapshot } from '../../src/torture/snapshot.js'
import { append, basket, holding, story, stored, textOf } from './story.js'

/** What was found, in the order it was found. */
function faults(operations: readonly Operation[], ...snapshots: Snapshot[]): string[] {
  return check(operations, snapshots).map(({ fault }) => fault)
}

const open = { kind: 'open' } as const
const remove = { kind: 'delete' } as const
const unknown = { outcome: 'unknown', code: 'unknown_outcome' } as const
const refused = { outcome: 'refused', code: 'unavailable' } as const
const gone = { outcome: 'refused', code: 'not_found', absent: true } as const
const again = { ...basket, incarnation: 'i2' }

describe('a run in which all is well', () => {
  it('is found to be so', () => {
    const operations = story(
      open,
      append('m1', 1),
      append('m2', 2, { ...unknown, places: undefined }),
      append('m3', 0, { ...refused, places: undefined }),
      append('m1', 1, { places: [{ seq: 1, inserted: false }] }),
      { kind: 'add', sku: 'phone', quantity: 2 },
      { kind: 'add', sku: 'phone', quantity: 1, ...unknown },
      { kind: 'count' },
      { kind: 'register', register: 'pref', change: { set: 'x' }, observed: 'x' },
      { kind: 'read', lastSeq: 2, foreign: [] },
      { kind: 'trespass', found: false },
    )
    const body = { cart: { phone: 3 }, total: 1, counts: { w0l0: 1 }, registers: { pref: 'x' } }
    expect(faults(operations, holding([stored(1, 'm1'), stored(2, 'm2')], body))).toEqual([])
    // A later read saw the change with the unknown outcome.
    expect(faults(operations, holding([stored(1, 'm1')], body))).toEqual(['lost'])
  })

  it('may hold changes with an unknown outcome, or not', () => {
    const operations = story(open, append('m1', 1, { ...unknown, places: undefined }))
    expect(faults(operations, holding([]))).toEqual([])
    expect(faults(operations, holding([stored(1, 'm1')]))).toEqual([])
  })
})

describe('a planted loss', () => {
  it('of an acknowledged message is found', () => {
    expect(faults(story(open, append('m1', 1)), holding([]))).toEqual(['lost'])
  })

  it('of a message whose place another took is found', () => {
    const operations = story(open, append('m1', 1), append('m2', 2, unknown))
    expect(faults(operations, holding([stored(1, 'm2')]))).toContain('lost')
  })

  it('of a byte of a message is found', () => {
    expect(faults(story(open, append('m1', 1)), holding([stored(1, 'm1', `${textOf('m1')}!`)]))).toContain(
      'lost',
    )
  })

  it('of half of what was written together is found', () => {
    const both = {
      messages: ['m1', 'm2'].map((id) => ({ id, text: textOf(id) })),
      places: undefined,
      ...unknown,
    }
    const operations = story(open, append('m1', 1, both))
    expect(faults(operations, holding([stored(1, 'm1'), stored(2, 'm2')]))).toEqual([])
    expect(faults(operations, holding([stored(1, 'm1')]))).toEqual(['lost'])
  })

  it('of a seq in the middle is found', () => {
    const operations = story(open, append('m1', 1), append('m3', 3))
    expect(faults(operations, holding([stored(1, 'm1'), stored(3, 'm3')]))).toEqual(['lost'])
  })

  it('of a whole session is found, unless a caller may have deleted it', () => {
    expect(faults(story(open, append('m1', 1)))).toEqual(['lost'])
    expect(faults(story(open, append('m1', 1), remove))).toEqual([])
    expect(faults(story(open, append('m1', 1), { ...remove, ...unknown }))).toEqual([])
    expect(faults(story(open, append('m1', 1), { ...remove, ...refused }))).toEqual(['lost'])
    expect(faults(story(open, remove, { ...open, ...again }, append('m1', 1, again)))).toEqual(['lost'])
  })

  it('of a session that vanished before anybody deleted it is found', () => {
    const early = { ...remove, ...refused }
    expect(faults(story(early, open, append('m1', 1)))).toEqual(['lost'])
    // An operation with an unknown outcome may have happened late.
    expect(faults(story(open, { ...remove, ...unknown }, append('m1', 1)))).toEqual([])
  })

  it('of a session that a delete of an earlier one under its id struck is found', () => {
    const other = { ...remove, ...again }
    expect(faults(story(open, append('m1', 1), other))).toEqual(['lost'])
    expect(faults(story(open, append('m1', 1), { ...other, ...unknown }))).toEqual(['lost'])
  })

  it('of pieces, counts and preferences is found', () => {
    const add = { kind: 'add', sku: 'phone', quantity: 2 } as const
    expect(faults(story(open, add, add), holding([], { cart: { phone: 2 } }))).toEqual(['lost'])
    const count = { kind: 'count' } as const
    expect(faults(story(open, count, count), holding([], { total: 1, counts: { w0l0: 1 } }))).toEqual([
      'lost',
    ])
    expect(faults(story(open, count), holding([], { total: 0, counts: { w0l0: 1 } }))).toEqual(['lost'])
    const prefer = { kind: 'register', register: 'pref', change: { set: 'x' } } as const
    expect(faults(story(open, prefer), holding([]))).toEqual(['lost'])
  })

  it('of a value that an acknowledgement should have shown is found', () => {
    const operations = story(
      open,
      { kind: 'register', register: 'own', change: { plus: 2 }, observed: 2 },
      { kind: 'register', register: 'own', change: { plus: 3 }, observed: 3 },
    )
    expect(faults(operations, holding([], { registers: { own: 3 } }))).toEqual(['lost'])
  })

  it('before the deadline is found', () => {
    const brief = { kind: 'open', idleMs: 250 } as const
    const operations = story(
      brief,
      append('m1', 1),
      append('m2', 0, { ...gone, begin: 100_000, end: 100_010 }),
    )
    expect(faults(operations)).toEqual(['lost'])
  })
})

describe('a planted double', () => {
  it('of a message id is found', () => {
    const twice = holding([stored(1, 'm1'), stored(2, 'm1')])
    expect(faults(story(open, append('m1', 1)), twice)).toContain('doubled')
  })

  it('of a text under two ids is found', () => {
    const operations = story(open, append('m1', 1))
    expect(faults(operations, holding([stored(1, 'm1'), stored(2, 'm9', textOf('m1'))]))).toContain('doubled')
  })

  it('of a seq is found', () => {
    const operations = story(open, append('m1', 1), append('m2', 1, unknown))
    expect(faults(operations, holding([stored(1, 'm1'), stored(1, 'm2')]))).toContain('doubled')
  })

  it('by a write that was refused is found', () => {
    const operations = story(open, append('m1', 1, { ...refused, places: undefined }))
    expect(faults(operations, holding([stored(1, 'm1')]))).toEqual(['doubled'])
    const add = { kind: 'add', sku: 'phone', quantity: 1, ...refused } as const
    expect(faults(story(open, add), holding([], { cart: { phone: 1 } }))).toEqual(['doubled'])
    const count = { kind: 'count', ...refused } as const
    expect(faults(story(open, count), holding([], { total: 1, counts: { w0l0: 1 } }))).toEqual(['doubled'])
  })

  it('is none where a copy holds what was written just before its source was deleted', () => {
    const trip = { ...basket, sessionId: 'trip', incarnation: 'i9' }
    const messages = [stored(1, 'm1')]
    const late = append('m1', 1, { ...gone, places: undefined })
    expect(faults(story(open, remove, late), holding(messages, { ...trip, forkedFrom: 'basket' }))).toEqual(
      [],
    )
  })

  it('of pieces or counts is found, beyond what nobody heard of', () => {
    const add = { kind: 'add', sku: 'phone', quantity: 2 } as const
    const operations = story(open, add, { ...add, ...unknown })
    expect(faults(operations, holding([], { cart: { phone: 4 } }))).toEqual([])
    expect(faults(operations, holding([], { cart: { phone: 6 } }))).toEqual(['doubled'])
    const count = { kind: 'count' } as const
    expect(faults(story(open, count), holding([], { total: 2, counts: { w0l0: 2 } }))).toEqual(['doubled'])
  })

  it('by a retry that was given another seq, or said to be new, is found', () => {
    expect(
      faults(story(open, append('m1', 1), append('m1', 2)), holding([stored(1, 'm1'), stored(2, 'm2')])),
    ).toContain('doubled')
    expect(faults(story(open, append('m1', 1), append('m1', 1)), holding([stored(1, 'm1')]))).toContain(
      'doubled',
    )
  })

  it('of an id that another text took is found', () => {
    const clash = { kind: 'clash', messages: [{ id: 'm1', text: 'other' }] } as const
    expect(faults(story(open, append('m1', 1), clash), holding([stored(1, 'm1')]))).toEqual(['doubled'])
  })
})

describe('a planted resurrection', () => {
  it('of a deleted session is found', () => {
    const operations = story(open, append('m1', 1), remove)
    expect(faults(operations, holding([stored(1, 'm1')]))).toEqual(['resurrected'])
  })

  it('by a write that a deleted session took is found', () => {
    expect(faults(story(open, remove, append('m1', 1)))).toEqual(['resurrected'])
  })

  it('of a session that was said to be absent is found', () => {
    const operations = story(
      open,
      { kind: 'count', ...gone },
      { kind: 'read', lastSeq: 0, foreign: [] },
      remove,
    )
    expect(faults(operations)).toContain('resurrected')
  })

  it('of an earlier life in the next is found', () => {
    const operations = story(open, append('m1', 1), remove, { ...open, ...again })
    expect(faults(operations, holding([stored(1, 'm1')], again))).toEqual(['resurrected'])
    expect(
      faults(operations, holding([], { ...again, body: JSON.stringify({ x: toMarker(basket) }) })),
    ).toEqual(['resurrected'])
  })

  it('of an expired session is found', () => {
    const brief = { kind: 'open', idleMs: 250 } as const
    const late = { begin: 400_000, end: 400_010 }
    expect(faults(story(brief, append('m1', 1)))).toEqual([])
    expect(faults(story(brief, append('m1', 1, late)))).toEqual(['resurrected'])
    expect(faults(story(brief, append('m1', 1)), holding([stored(1, 'm1')]))).toEqual(['resurrected'])
    // It may have arrived late, and have moved the deadline.
    const moved = story(brief, append('m0', 1, { ...unknown, places: undefined }), append('m1', 2, late))
    expect(faults(moved)).toEqual([])
  })
})

describe('a planted leak', () => {
  it('of a message of another tenant is found', () => {
    const foreign = { ...basket, tenantId: 'globex' }
    const text = textOf('m1', foreign)
    const operations = story({ ...open, ...foreign }, append('m1', 1, { messages: [{ id: 'm1', text }] }))
    expect(faults(operations, holding([stored(1, 'm1', text)]))).toContain('leaked')
  })

  it('of another session of the same tenant is found, unless it is a copy of it', () => {
    const trip = { ...basket, sessionId: 'trip', incarnation: 'i9' }
    const operations = story(append('m1', 1, { ...trip, messages: [{ id: 'm1', text: textOf('m1', trip) }] }))
    const messages = [stored(1, 'm1', textOf('m1', trip))]
    const source = holding(messages, trip)
    expect(faults(operations, source, holding(messages))).toEqual(['leaked'])
    expect(faults(operations, source, holding(messages, { forkedFrom: 'trip' }))).toEqual([])
  })

  it('into a body is found', () => {
    const body = JSON.stringify({ cart: toMarker({ ...basket, tenantId: 'globex' }) })
    expect(faults(story(open), holding([], { body }))).toEqual(['leaked'])
  })

  it('that somebody was shown is found', () => {
    expect(faults(story(open, { kind: 'read', foreign: ['«globex|basket|i3»'] }), holding([]))).toEqual([
      'leaked',
    ])
    expect(faults(story(open, { kind: 'trespass', found: true }), holding([]))).toEqual(['leaked'])
  })
})

describe('a planted disorder', () => {
  it('of what was acknowledged before is found', () => {
    const operations = story(open, append('m2', 2), append('m1', 1))
    expect(faults(operations, holding([stored(1, 'm1'), stored(2, 'm2')]))).toEqual(['disordered'])
  })

  it('of a read that saw less than was acknowledged is found', () => {
    const operations = story(open, append('m1', 1), { kind: 'read', lastSeq: 0, foreign: [] })
    expect(faults(operations, holding([stored(1, 'm1')]))).toEqual(['disordered'])
  })

  it('of a read that was further behind than it may be is found', () => {
    const reading = (ageUs: number) =>
      faults(
        story(open, append('m1', 1), { kind: 'read', lastSeq: 0, foreign: [], ageUs }),
        holding([stored(1, 'm1')]),
      )
    expect([reading(1), reading(1_000_000_000)]).toEqual([['disordered'], []])
  })

  it('of a message that moved is found', () => {
    const operations = story(open, append('m1', 1), append('m2', 2))
    expect(faults(operations, holding([stored(1, 'm2'), stored(2, 'm1')]))).toContain('disordered')
  })
})

describe('a reset', () => {
  const reset = { kind: 'reset' } as const

  it('may drop what came before it', () => {
    const operations = story(open, append('m1', 1), reset, append('m2', 2))
    const after = { trimmedSeq: 1, lastSeq: 2 }
    expect(faults(operations, holding([stored(2, 'm2')], after))).toEqual([])
    expect(faults(operations, holding([], { trimmedSeq: 2, lastSeq: 2 }))).toEqual(['lost'])
  })

  it('that was refused may not', () => {
    const operations = story(open, append('m1', 1), { ...reset, ...refused })
    expect(faults(operations, holding([], { trimmedSeq: 1, lastSeq: 1 }))).toEqual(['lost'])
  })
})
