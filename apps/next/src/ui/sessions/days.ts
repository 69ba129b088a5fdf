import type { SessionView } from '../wire.ts'

export interface DayGroup {
  readonly title: string
  readonly sessions: readonly SessionView[]
}

const dayMs = 24 * 3_600_000

/**
 * Sessions grouped by the day of their last message, for a reader in a time zone; in the given order.
 *
 * @param timeZone Of the reader, such as `Europe/Berlin`.
 */
export function groupByDay(sessions: readonly SessionView[], now: number, timeZone: string): DayGroup[] {
  const groups = new Map<string, SessionView[]>()
  for (const session of sessions) {
    const title = dayTitle(new Date(session.updatedAt).getTime(), now, timeZone)
    groups.set(title, [...(groups.get(title) ?? []), session])
  }
  return [...groups].map(([title, members]) => ({ title, sessions: members }))
}

function dayTitle(at: number, now: number, timeZone: string): string {
  const days = dayNumber(now, timeZone) - dayNumber(at, timeZone)
  if (days <= 0) return 'Today'
  if (days === 1) return 'Yesterday'
  if (days < 7) return 'This week'
  if (days < 31) return 'This month'
  return new Intl.DateTimeFormat('en-GB', { timeZone, month: 'long', year: 'numeric' }).format(at)
}

/** Counts the days of a calendar. */
function dayNumber(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  })
    .formatToParts(at)
    .map(({ type, value }) => [type, Number(value)] as const)
  const { year = 0, month = 1, day = 1 } = Object.fromEntries(parts) as Record<string, number>
  return Date.UTC(year, month - 1, day) / dayMs
}
