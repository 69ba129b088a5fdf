import type { SessionChange } from '../contract/session-store.js'
import type { Service } from './service.js'

/** The part of a change that keeps a log within the limits of its service. */
export function roomOf({ limits }: Pick<Service, 'limits'>): Pick<SessionChange, 'maxSeq' | 'maxBytes'> {
  const { maxMessages, maxSessionBytes } = limits
  return {
    ...(Number.isFinite(maxMessages) ? { maxSeq: Math.floor(maxMessages) } : {}),
    ...(Number.isFinite(maxSessionBytes) ? { maxBytes: Math.floor(maxSessionBytes) } : {}),
  }
}

/** As `roomOf`; for messages that must follow the one at `upTo`, if that is given. */
export function roomUpTo(
  service: Pick<Service, 'limits'>,
  upTo: number | undefined,
  count: number,
): Pick<SessionChange, 'maxSeq' | 'maxBytes'> {
  const room = roomOf(service)
  if (upTo === undefined) return room
  return { ...room, maxSeq: Math.min(room.maxSeq ?? Infinity, upTo + count) }
}
