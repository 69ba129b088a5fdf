import { SessionError } from '../errors.js'
import type { SessionEvent, SessionListener } from '../domain/events.js'

/** The part of `node:diagnostics_channel` that is used. */
export interface DiagnosticsChannels {
  channel(name: string): {
    readonly hasSubscribers: boolean
    publish(message: unknown): void
  }
}

/**
 * Publishes each event on the channel `sessions:` and its type, such as `sessions:turn.completed`, for tools that watch a
 * process. Costs next to nothing while nobody has subscribed.
 *
 * @param channels The module `node:diagnostics_channel`.
 * @throws `invalid` for anything else.
 *
 * @example
 * ```ts
 * import diagnostics from 'node:diagnostics_channel'
 * import { createSessions } from '@sessions/core'
 * import { diagnosticsListener } from '@sessions/core/listeners'
 *
 * const sessions = createSessions({ listeners: [diagnosticsListener(diagnostics)] })
 * diagnostics.subscribe('sessions:turn.failed', (event) => console.log(event))
 * ```
 */
export function diagnosticsListener(channels: DiagnosticsChannels): SessionListener {
  if (typeof (channels as DiagnosticsChannels | undefined)?.channel !== 'function')
    throw new SessionError('invalid', 'diagnosticsListener takes the module node:diagnostics_channel.', {
      path: 'channels',
    })
  const known = new Map<SessionEvent['type'], ReturnType<DiagnosticsChannels['channel']>>()
  return (event) => {
    let channel = known.get(event.type)
    if (channel === undefined) known.set(event.type, (channel = channels.channel(`sessions:${event.type}`)))
    if (channel.hasSubscribers) channel.publish(event)
  }
}
