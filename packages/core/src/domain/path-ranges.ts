import { clipPath } from './path.js'
import type { SeqRange } from './session-body.js'

/** A range of the log with both ends. */
export interface ClosedRange {
  readonly from: number
  readonly to: number
}

/** The ranges of a path that are in the log now, ascending. */
export function rangesIn(
  path: readonly SeqRange[],
  { trimmedSeq, lastSeq }: { readonly trimmedSeq: number; readonly lastSeq: number },
): readonly ClosedRange[] {
  return clipPath(path, trimmedSeq + 1, lastSeq)
}

/** The parts of `ranges` that are in none of `others`; both ascending, and neither overlaps itself. */
export function rangesWithout(
  ranges: readonly ClosedRange[],
  others: readonly ClosedRange[],
): readonly ClosedRange[] {
  const rest: ClosedRange[] = []
  let place = 0
  for (const { from, to } of ranges) {
    let start = from
    while (place < others.length && others[place]!.to < start) place++
    for (let next = place; next < others.length && others[next]!.from <= to; next++) {
      if (others[next]!.from > start) rest.push({ from: start, to: others[next]!.from - 1 })
      start = Math.max(start, others[next]!.to + 1)
    }
    if (start <= to) rest.push({ from: start, to })
  }
  return rest
}

/** The ranges of all seqs that are in either list. */
export function rangesWith(
  ranges: readonly ClosedRange[],
  others: readonly ClosedRange[],
): readonly ClosedRange[] {
  const all = [...ranges, ...others].sort((a, b) => a.from - b.from)
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of all) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/** Seqs, ascending, as ranges. */
export function rangesOf(seqs: Iterable<number>): readonly ClosedRange[] {
  const ranges: { from: number; to: number }[] = []
  for (const seq of seqs) {
    const last = ranges.at(-1)
    if (last !== undefined && seq === last.to + 1) last.to = seq
    else ranges.push({ from: seq, to: seq })
  }
  return ranges
}
