import type { OwnLifetime, SessionChange, SessionRecord } from '@sessions/core/store'

/** The messages that a commit adds to a log. */
export interface Added {
  readonly count: number
  /** How many bytes of UTF-8 the payloads take. */
  readonly bytes: number
}

// `list` orders by an indexed column, and most appends must not touch that index: the column moves once a minute.
const activityStepMs = 60_000

/** The record of a session after a change, which has added messages, at the moment `now`. */
export function changedRecord(
  { expiresAt, lifetime, userId, label, title, ...rest }: SessionRecord,
  change: SessionChange,
  now: number,
  added: Added,
): SessionRecord {
  const own = changedLifetime(lifetime, change.lifetime)
  // The bounds of the session's own lifetime go before those of the commit; null is for ever.
  const { idleMs = change.idleMs, absoluteMs = change.absoluteMs } = own ?? {}
  const moved = Math.min(now + (idleMs ?? Infinity), rest.createdAt + (absoluteMs ?? Infinity))
  const deadline = moved === Infinity ? expiresAt : moved
  const changed = {
    userId: renamed(userId, change.userId),
    label: renamed(label, change.label),
    title: renamed(title, change.title),
  }
  return {
    ...rest,
    revision: change.body !== undefined || rest.revision === 0 ? rest.revision + 1 : rest.revision,
    changes: rest.changes + 1,
    lastSeq: rest.lastSeq + added.count,
    bytes: rest.bytes + added.bytes,
    updatedAt: now,
    activeAt: now - rest.activeAt >= activityStepMs ? now : rest.activeAt,
    ...(deadline === undefined ? undefined : { expiresAt: deadline }),
    ...(own === undefined ? undefined : { lifetime: own }),
    ...(changed.userId === undefined ? undefined : { userId: changed.userId }),
    ...(changed.label === undefined ? undefined : { label: changed.label }),
    ...(changed.title === undefined ? undefined : { title: changed.title }),
  }
}

function renamed(before: string | undefined, change: string | undefined): string | undefined {
  return change === '' ? undefined : (change ?? before)
}

function changedLifetime(
  before: OwnLifetime | undefined,
  change: OwnLifetime | undefined,
): OwnLifetime | undefined {
  const { idleMs, absoluteMs } = change ?? before ?? {}
  if (idleMs === undefined && absoluteMs === undefined) return undefined
  return {
    ...(idleMs === undefined ? undefined : { idleMs }),
    ...(absoluteMs === undefined ? undefined : { absoluteMs }),
  }
}
