// Whoever asks for more is asked again then: what waits is in memory.
const longestMs = 3_600_000

/** What a receiver asks for by `Retry-After`, in milliseconds: seconds, or a date of HTTP. 0 when it asks for nothing. */
export function askedPause(retryAfter: string | null, now: number): number {
  const asked = retryAfter?.trim() ?? ''
  const ms = asked.endsWith('GMT') ? Date.parse(asked) - now : Number(asked) * 1000
  return ms > 0 ? Math.min(ms, longestMs) : 0
}
