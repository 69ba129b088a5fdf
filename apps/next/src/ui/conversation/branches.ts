import type { BranchesView, SeqRange } from '../wire.ts'

/** The versions of a conversation from one place on. */
export interface Versions {
  /** How many versions there are, the shown one included. */
  readonly count: number
  /** The index of the shown version, from 0; older ones come first. */
  readonly current: number
  /** The branch to switch to for each of them; undefined for the shown version. */
  readonly branchIds: readonly (string | undefined)[]
}

/**
 * The versions of a message: the branches that share the messages before it, told apart by their first message after
 * that. For several branches with the same first message, the one left last counts.
 *
 * @param seq Of the message, on the active branch.
 * @param before The seq of the message before it; 0 when it is the first.
 */
export function versionsOf(
  { active, items }: BranchesView,
  seq: number,
  before: number,
): Versions | undefined {
  if (items.length === 0) return undefined
  const found = new Map<number, { id: string | undefined; leftAt: string }>([
    [seq, { id: undefined, leftAt: '' }],
  ])
  for (const { id, path, leftAt } of items) {
    const next = nextOn(path, before)
    if (next === undefined || next === nextOn(active.path, before)) continue
    const known = found.get(next)
    if (known === undefined || (known.id !== undefined && known.leftAt <= leftAt))
      found.set(next, { id, leftAt })
  }
  if (found.size < 2) return undefined
  const inOrder = [...found].sort(([left], [right]) => left - right)
  return {
    count: inOrder.length,
    current: inOrder.findIndex(([first]) => first === seq),
    branchIds: inOrder.map(([, { id }]) => id),
  }
}

/** The first seq after `before` on a path; undefined when the path ends there. */
function nextOn(path: readonly SeqRange[], before: number): number | undefined {
  if (before === 0) return path[0]?.from
  const index = path.findIndex(({ from, to }) => from <= before && before <= (to ?? Number.POSITIVE_INFINITY))
  const range = path[index]
  if (range === undefined) return undefined
  return before < (range.to ?? Number.POSITIVE_INFINITY) ? before + 1 : path[index + 1]?.from
}
