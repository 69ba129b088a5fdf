import type { BranchesView, SeqRange } from '../wire.ts'

/** The other ways a conversation went from one place on. */
export interface Versions {
  /** How many there are, the one that is shown among them. */
  readonly count: number
  /** Which one is shown, from 0; older ones come first. */
  readonly current: number
  /** What to switch to for each of them; undefined for the one that is shown. */
  readonly branchIds: readonly (string | undefined)[]
}

/**
 * The versions of a message: the branches that share what comes before it and go on otherwise, told apart by the first
 * message of each. Of several that begin alike, the one left last stands for them.
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

/** The first seq after `before` on a path; undefined when it does not go on from there. */
function nextOn(path: readonly SeqRange[], before: number): number | undefined {
  if (before === 0) return path[0]?.from
  const index = path.findIndex(({ from, to }) => from <= before && before <= (to ?? Number.POSITIVE_INFINITY))
  const range = path[index]
  if (range === undefined) return undefined
  return before < (range.to ?? Number.POSITIVE_INFINITY) ? before + 1 : path[index + 1]?.from
}
