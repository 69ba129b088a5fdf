import { expect, it } from 'vitest'
import { check } from '../../src/torture/checker/check.js'
import type { Operation } from '../../src/torture/operation.js'
import type { Snapshot } from '../../src/torture/snapshot.js'
import { append, holding, story, stored, textOf } from './story.js'

const faults = (operations: readonly Operation[], snapshot: Snapshot): string[] =>
  check(operations, [snapshot]).map(({ fault }) => fault)

const open = { kind: 'open' } as const
const rewind = { kind: 'rewind' } as const
const again = append('m1', 3, { places: [{ seq: 3, inserted: false }] })
const copy = { ...stored(3, 'm1~2', textOf('m1')), copyOf: 'm1' }
const log = [stored(1, 'm1'), stored(2, 'm2'), copy]

it('lets a message be put again after somebody went back, once on the branch that is shown', () => {
  const operations = story(open, append('m1', 1), rewind, append('m2', 2), again)
  expect(faults(operations, holding(log, { active: [2, 3] }))).toEqual([])
  expect(faults(operations, holding(log, { active: [1, 2, 3] }))).toEqual(['doubled'])
})

it('finds a message that was put again though nobody went back', () => {
  const operations = story(open, append('m1', 1), append('m2', 2), again)
  expect(faults(operations, holding(log, { active: [2, 3] }))).toEqual(['doubled', 'doubled'])
})

it('lets a message be put again while a reset goes on, and only then', () => {
  const reset = { kind: 'reset', end: 1000 } as const
  const operations = story(open, append('m1', 1), append('m2', 2), reset, again)
  const kept = holding([copy], { trimmedSeq: 2, active: [3] })
  expect(faults(operations, kept)).toEqual([])
  const before = story(open, append('m1', 1), append('m2', 2), { kind: 'reset' }, again)
  expect(faults(before, kept)).toEqual(['lost'])
})

it('finds a copy with another text, and one of a message that was never there', () => {
  const operations = story(open, append('m1', 1), rewind, append('m2', 2), again)
  const other = { ...copy, text: `${textOf('m1')}!` }
  expect(faults(operations, holding([...log.slice(0, 2), other], { active: [2, 3] }))).toContain('lost')
  expect(faults(operations, holding([stored(2, 'm2'), copy], { active: [2, 3] }))).toContain('doubled')
})

it('lets a reset drop a message and keep the copy that a repeated append has put in its place', () => {
  const reset = { kind: 'reset' } as const
  const operations = story(open, append('m1', 1), rewind, append('m2', 2), again, reset)
  const kept = holding([copy], { trimmedSeq: 2, active: [3] })
  expect(faults(operations, kept)).toEqual([])
  expect(faults(operations, holding([], { trimmedSeq: 2, lastSeq: 3, active: [] }))).toContain('lost')
})
