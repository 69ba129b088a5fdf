import type { Session, Sessions, SessionStore, CallerSessions } from '@sessions/core'
import type { Life } from '../marker.js'
import type { LoggedMessage, Operation } from '../operation.js'
import type { Random } from '../random.js'
import { Recorder } from './recorder.js'

/** How long a session of `brief` lives without writes. */
export const briefMs = 250

/** All of them use the same session ids. */
export const tenants = ['acme', 'globex'] as const
/** The tenant of copies, which no check looks at. */
export const attic = 'attic'
const sessionIds = ['basket', 'support', 'trip']
const maxStale = 6
const maxSent = 12

export interface LaneOptions {
  /** Unique in the run. */
  readonly name: string
  readonly random: Random
  readonly store: SessionStore
  readonly sessions: Sessions
  /** The same store, with sessions that expire after `briefMs`. */
  readonly briefSessions: Sessions
  readonly log: (operation: Operation) => void
  /** How old what is read may be. */
  readonly readAgeMs: number
}

/** Messages that were sent to an incarnation of a session, so that they can be sent again. */
export interface Sent {
  readonly life: Life
  readonly messages: readonly LoggedMessage[]
}

/** One caller who does one operation after the other, on sessions that all lanes share. */
export class Lane {
  readonly name: string
  readonly random: Random
  readonly recorder: Recorder
  readonly store: SessionStore
  readonly sessions: Sessions
  readonly briefSessions: Sessions
  readonly readAgeMs: number
  /** Handles whose session is known to be gone. */
  readonly stale: Session[] = []
  readonly sent: Sent[] = []
  readonly forks: Session[] = []
  briefs = 0
  readonly #handles = new Map<string, Session>()

  constructor({ name, random, store, sessions, briefSessions, log, readAgeMs }: LaneOptions) {
    this.name = name
    this.random = random
    this.store = store
    this.sessions = sessions
    this.briefSessions = briefSessions
    this.readAgeMs = readAgeMs
    this.recorder = new Recorder(name, (operation) => {
      if (operation.absent === true) this.#forget(operation)
      log(operation)
    })
  }

  /** A shared session: mostly the present handle, sometimes a new one. Undefined when it could not be opened. */
  async session(): Promise<Session | undefined> {
    const tenantId = this.random.pick(tenants)
    const id = this.random.pick(sessionIds)
    const known = this.#handles.get(`${tenantId}/${id}`)
    if (known !== undefined && this.random.chance(0.9)) return known
    return this.open(tenantId, id)
  }

  async open(tenantId: string, id: string): Promise<Session | undefined> {
    const caller = this.callerOf(tenantId)
    const session = await this.recorder.run(
      { tenantId, sessionId: id },
      'always',
      () => caller.open(id),
      (opened) => ({ kind: 'open', ...lifeOf(opened) }),
    )
    if (session !== undefined) this.keep(session)
    return session
  }

  /** Creates the session: refused when another caller was faster. */
  async create(tenantId: string, id: string): Promise<void> {
    const caller = this.callerOf(tenantId)
    const session = await this.recorder.run(
      { tenantId, sessionId: id },
      'never',
      () => caller.create({ id }),
      (created) => ({ kind: 'open', ...lifeOf(created) }),
    )
    if (session !== undefined) this.keep(session)
  }

  callerOf(tenantId: string): CallerSessions {
    return this.sessions.for({ tenantId, userId: 'shopper' })
  }

  otherTenant(tenantId: string): string {
    return tenants.find((tenant) => tenant !== tenantId)!
  }

  keep(session: Session): void {
    this.#handles.set(`${session.tenantId}/${session.id}`, session)
  }

  retire(session: Session): void {
    this.stale.push(session)
    if (this.stale.length > maxStale) this.stale.shift()
  }

  remember(sent: Sent): void {
    this.sent.push(sent)
    if (this.sent.length > maxSent) this.sent.shift()
  }

  // The next operation opens it again; the old handle is kept for writes that must be refused.
  #forget({ tenantId, sessionId, incarnation }: Operation): void {
    const key = `${tenantId}/${sessionId}`
    const handle = this.#handles.get(key)
    if (handle === undefined || handle.record.incarnation !== incarnation) return
    this.#handles.delete(key)
    this.retire(handle)
  }
}

/** The incarnation that a handle is bound to. */
export function lifeOf(session: Session): Life
export function lifeOf(session: Session | undefined): Partial<Life>
export function lifeOf(session: Session | undefined): Partial<Life> {
  if (session === undefined) return {}
  return { tenantId: session.tenantId, sessionId: session.id, incarnation: session.record.incarnation }
}
