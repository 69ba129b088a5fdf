import type { SessionChange } from '../contract/session-store.js'
import type { OwnLifetime, SessionRecord } from '../contract/session-record.js'
import { SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import type { Service } from './service.js'

/** How long one session lives, where that is not as long as the others of its service. */
export interface SessionTtl {
  /**
   * The session expires this many milliseconds after its last write; with `Infinity` idleness does not end it (default:
   * as the service has it).
   */
  idleMs?: number
  /**
   * The session expires this many milliseconds after it was created; with `Infinity` age does not end it (default: as
   * the service has it).
   */
  absoluteMs?: number
}

/** How long a session lives. */
export type Lifetime = Readonly<Required<SessionTtl>>

/** As a store keeps it: null is for ever. @throws `invalid` */
export function toOwnLifetime(ttl: SessionTtl, path: string): OwnLifetime {
  checkOptions<SessionTtl>(ttl, { idleMs: true, absoluteMs: true }, path)
  const { idleMs, absoluteMs } = ttl
  return {
    ...(idleMs === undefined ? {} : { idleMs: duration(idleMs, `${path}.idleMs`) }),
    ...(absoluteMs === undefined ? {} : { absoluteMs: duration(absoluteMs, `${path}.absoluteMs`) }),
  }
}

/** How long a session lives that may have a lifetime of its own. */
export function lifetimeOf(
  { ttl }: Pick<Service, 'ttl'>,
  { lifetime }: Pick<SessionRecord, 'lifetime'>,
): Lifetime {
  return {
    idleMs: own(lifetime?.idleMs, ttl.idleMs),
    absoluteMs: own(lifetime?.absoluteMs, ttl.absoluteMs),
  }
}

/** The part of a change that moves the deadline. */
export function deadlineOf({ idleMs, absoluteMs }: Lifetime): Pick<SessionChange, 'idleMs' | 'absoluteMs'> {
  return {
    ...(Number.isFinite(idleMs) ? { idleMs } : {}),
    ...(Number.isFinite(absoluteMs) ? { absoluteMs } : {}),
  }
}

function own(stored: number | null | undefined, otherwise: number): number {
  return stored === undefined ? otherwise : (stored ?? Number.POSITIVE_INFINITY)
}

function duration(value: number, path: string): number | null {
  if (!(typeof value === 'number' && value > 0))
    throw new SessionError('invalid', `${path} must be more than 0 milliseconds`, { path })
  // A store counts in whole milliseconds.
  return Number.isFinite(value) ? Math.ceil(value) : null
}
