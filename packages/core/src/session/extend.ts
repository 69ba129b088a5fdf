import { SessionError } from '../errors.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { LiveSession } from '../service/live-session.js'
import { deadlineOf, lifetimeOf, type SessionTtl, toOwnLifetime } from '../service/lifetime.js'

/** Has a session live longer, or shorter, from now on. Gives its new deadline, epoch ms by the store's clock. */
export async function extendSession(
  live: LiveSession,
  ttl: SessionTtl,
  options?: ChangeOptions,
): Promise<number | undefined> {
  const wanted = toOwnLifetime(ttl, 'ttl')
  if (Object.keys(wanted).length === 0) {
    throw new SessionError('invalid', 'ttl must say idleMs, absoluteMs or both', { path: 'ttl' })
  }
  const { record, isRepeat } = await live.update((body) => body, {
    ...options,
    lifetime: ({ lifetime, expiresAt }) => {
      const after = { ...lifetime, ...wanted }
      const isEndless = Object.keys(deadlineOf(lifetimeOf(live.service, { lifetime: after }))).length === 0
      if (isEndless && expiresAt !== undefined) {
        throw new SessionError('invalid', 'The deadline of a session can be moved, not taken away.', {
          path: 'ttl',
        })
      }
      return after
    },
  })
  if (isRepeat !== true) live.emit('session.edited', record, {})
  return record.expiresAt
}
