import type { SessionEvent, SessionEventDetails, SessionEventType } from '../domain/events.js'
import type { Identity } from '../domain/identity.js'
import { calling } from '../async/calling.js'
import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import type { SessionRef } from '../contract/session-record.js'
import type { SessionsOptions, SessionWarning } from './settings.js'

type Listener = NonNullable<SessionsOptions['listeners']>[number]
type BufferedListener = Exclude<Listener, (event: SessionEvent) => void>

/** The session that an event is about. */
export interface EventSubject extends SessionRef {
  readonly userId?: string | undefined
  readonly incarnation?: string
}

/** Those who are told what happens. */
export interface EventListeners {
  readonly emit: <Type extends SessionEventType>(
    type: Type,
    subject: EventSubject,
    details: SessionEventDetails[Type],
    by: Identity | 'system',
  ) => void
  /** Settles when every listener has sent what it kept. */
  readonly flush: () => Promise<void>
}

/** @throws `invalid` for a listener that is none. */
export function createListeners(
  { onEvent, listeners = [], suspicion }: Pick<SessionsOptions, 'onEvent' | 'listeners' | 'suspicion'>,
  warn: (warning: SessionWarning) => void,
): EventListeners {
  const on = suspicion?.on
  const all: BufferedListener[] = [
    ...(onEvent === undefined ? [] : [{ on: onEvent }]),
    ...listeners.map(toListener),
  ]
  if (on !== undefined)
    all.push({ on: (event) => (event.type === 'access.suspicious' ? on(event) : undefined) })
  const failed = (what: string) => (cause: unknown) =>
    warn({ code: 'listener_failed', message: `A listener failed on ${what}.`, cause })
  return {
    emit(type, subject, details, by) {
      if (all.length === 0) return
      const { tenantId, id: sessionId, userId } = subject
      const id = idOf(type, subject, details as EventDetails)
      const about = { id, type, tenantId, sessionId, userId, actor: actorOf(by), at: Date.now() }
      const event = { ...about, ...details } as SessionEvent
      for (const listener of all) calling(() => listener.on(event), failed(type))
    },
    async flush() {
      const flushed = all.map(async (listener) => listener.flush?.())
      const failing = failed('flush')
      await Promise.all(flushed.map(async (each) => each.catch(failing)))
    },
  }
}

function toListener(given: Listener, index: number): BufferedListener {
  if (typeof given === 'function') return { on: given }
  if (typeof given?.on === 'function') return given
  const path = `listeners[${index}]`
  throw new SessionError('invalid', `${path} is neither a function nor has it one called on`, { path })
}

function actorOf(by: Identity | 'system'): SessionEvent['actor'] {
  if (by === 'system') return by
  return by.userId === undefined ? 'anonymous' : { userId: by.userId }
}

interface EventDetails {
  readonly turnId?: string
  readonly seq?: number
}

function idOf(type: SessionEventType, { incarnation }: EventSubject, details: EventDetails): string {
  if (type === 'usage.recorded') return details.turnId!
  if (type === 'message.appended' && incarnation !== undefined) return `${incarnation}:${details.seq}`
  return newId()
}
