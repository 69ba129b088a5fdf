/**
 * Adds what a hook of the host counted. What is no count, such as the NaN of a driver that tells nothing, is left out: a
 * receipt with it could not be verified, and an erasure must not fail over it.
 */
export function addCounts(
  counts: Record<string, number>,
  more: Readonly<Record<string, unknown>> | null | void,
): void {
  if (typeof more !== 'object' || more === null) return
  for (const [kind, count] of Object.entries(more)) {
    if (isCount(count)) counts[kind] = (counts[kind] ?? 0) + count
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
