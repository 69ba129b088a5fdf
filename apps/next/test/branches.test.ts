import { describe, expect, it } from 'vitest'
import { versionsOf } from '../src/ui/conversation/branches.ts'
import type { BranchesView } from '../src/ui/wire.ts'

const branches = (
  active: BranchesView['active']['path'],
  ...left: [string, BranchesView['active']['path']][]
) => ({
  active: { path: active },
  items: left.map(([id, path], index) => ({ id, path, leftAt: `2026-01-01T00:00:0${index}.000Z` })),
})

describe('versions of a message', () => {
  it('has none where the conversation never went back', () => {
    expect(versionsOf(branches([{ from: 1 }]), 1, 0)).toBeUndefined()
  })

  it('finds the other way from the very beginning', () => {
    const view = branches([{ from: 5 }], ['first', [{ from: 1, to: 4 }]])
    expect(versionsOf(view, 5, 0)).toEqual({ count: 2, current: 1, branchIds: ['first', undefined] })
  })

  it('finds the other ways after a message, the older ones first', () => {
    const view = branches(
      [{ from: 1, to: 4 }, { from: 13 }],
      ['first', [{ from: 1, to: 8 }]],
      [
        'second',
        [
          { from: 1, to: 4 },
          { from: 9, to: 12 },
        ],
      ],
    )
    expect(versionsOf(view, 13, 4)).toEqual({
      count: 3,
      current: 2,
      branchIds: ['first', 'second', undefined],
    })
  })

  it('shows its place in the middle after going back to it', () => {
    const view = branches(
      [{ from: 1, to: 4 }, { from: 9, to: 12 }, { from: 17 }],
      ['first', [{ from: 1, to: 8 }]],
      [
        'third',
        [
          { from: 1, to: 4 },
          { from: 13, to: 16 },
        ],
      ],
    )
    expect(versionsOf(view, 9, 4)).toEqual({ count: 3, current: 1, branchIds: ['first', undefined, 'third'] })
  })

  it('does not count a way that parted elsewhere', () => {
    const view = branches([{ from: 1, to: 4 }, { from: 9 }], ['first', [{ from: 1, to: 8 }]])
    expect(versionsOf(view, 3, 2)).toBeUndefined()
    expect(versionsOf(view, 1, 0)).toBeUndefined()
  })

  it('takes ways that begin alike for one version, and goes to the one left last', () => {
    const view = branches(
      [{ from: 1, to: 2 }, { from: 11 }],
      ['long', [{ from: 1, to: 6 }]],
      [
        'longer',
        [
          { from: 1, to: 4 },
          { from: 7, to: 10 },
        ],
      ],
    )
    expect(versionsOf(view, 11, 2)).toEqual({ count: 2, current: 1, branchIds: ['longer', undefined] })
  })

  it('leaves out a way on which nothing was said', () => {
    const view = branches([{ from: 1, to: 8 }, { from: 9 }], ['empty', [{ from: 1, to: 4 }]])
    expect(versionsOf(view, 5, 4)).toBeUndefined()
  })
})
