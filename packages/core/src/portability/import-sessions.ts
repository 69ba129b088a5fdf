import { keepImported } from '../analytics/follow-analytics.js'
import { maxPageBytes } from '../contract/page-bytes.js'
import type { StoredMessage } from '../contract/session-store.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { Identity } from '../domain/identity.js'
import { encodeBody } from '../domain/session-body.js'
import { isSessionError, SessionError, type SessionErrorCode } from '../errors.js'
import { newId } from '../ids.js'
import { byteLength } from '../json.js'
import { isAllowed, readConsents, refuseWithout } from '../service/consent.js'
import { deadlineOf, lifetimeOf } from '../service/lifetime.js'
import type { Service } from '../service/service.js'
import { takeSlots } from '../service/session-slots.js'
import { readStoreTime } from '../service/store-time.js'
import { forgetPreferencesOf } from '../service/forget-preferences.js'
import { refuseBefore, refuseErased } from '../service/user-record.js'
import { repeatUnknown } from '../service/unknown-outcome.js'
import { LineDigest } from './export-line.js'
import { FirstIds } from './first-ids.js'
import { type ImportedSession, redactedSession } from './redacted-session.js'
import {
  encodeMessage,
  parseEnd,
  parseLine,
  parseManifest,
  parseMessageLine,
  parseSession,
} from './import-line.js'
import { linesIn, type TextSource } from './lines-in.js'

/** What an import has made. */
export interface ImportReport {
  /** Ids of the sessions that were imported, in order: the first 64 KiB of them. */
  readonly imported: readonly string[]
  /** Ids that another session has already, which stays as it is: the first 64 KiB of them. */
  readonly skipped: readonly string[]
  /** How many more there were of both, whose ids are left off. */
  readonly leftOff: { readonly imported: number; readonly skipped: number }
  /** Messages of the imported sessions. */
  readonly messages: number
}

const pageMessages = 500
// The clocks of two servers differ: what was written just before an export may be of a moment that is still to come here.
const clockSlackMs = 60_000

/** Imports an export. A session is there with its last message, and not before. */
export async function importSessions(
  service: Service,
  identity: Identity,
  source: TextSource,
): Promise<ImportReport> {
  if (identity.userId === undefined && identity.roles?.includes('admin') !== true) {
    throw new SessionError('unauthenticated', 'Nobody could open an imported session that has no user.')
  }
  const work = new Import(service, identity)
  const { maxMessageLength, maxSessionLength } = service.limits
  const digest = new LineDigest()
  let count = 0
  for await (const text of linesIn(source, 2 * maxMessageLength + 6 * maxSessionLength + 65_536)) {
    service.work.checkRunning()
    count++
    try {
      const line = parseLine(text)
      if (count === 1) parseManifest(line)
      else if (work.isEnded) throw wrong('there is something after the end')
      if (line['type'] === 'end') work.end(parseEnd(line), digest.value)
      else await work.take(line)
      await digest.add(text)
    } catch (error) {
      throw located(error, count)
    }
  }
  if (!work.isEnded) throw located(wrong('the export was cut off: it has no end'), count + 1)
  return work.report
}

class Import {
  readonly #service: Service
  readonly #identity: Identity
  readonly #imported = new FirstIds()
  readonly #skipped = new FirstIds()
  #messages = 0
  #sessionLines = 0
  #messageLines = 0
  #open: OpenSession | undefined
  isEnded = false

  constructor(service: Service, identity: Identity) {
    this.#service = service
    this.#identity = identity
  }

  get report(): ImportReport {
    const [imported, skipped] = [this.#imported, this.#skipped]
    const leftOff = { imported: imported.leftOff, skipped: skipped.leftOff }
    return { imported: imported.ids, skipped: skipped.ids, leftOff, messages: this.#messages }
  }

  async take(line: Readonly<Record<string, unknown>>): Promise<void> {
    if (line['type'] === 'session') {
      if (this.#open !== undefined) throw wrong('messages of the session before are missing')
      this.#sessionLines++
      this.#open = new OpenSession(this.#service, this.#identity, parseSession(line, this.#service))
      if (!(await this.#open.begin())) this.#skipped.add(this.#open.id)
      await this.#closeIfWhole()
    } else if (line['type'] === 'message') {
      if (this.#open === undefined) throw wrong('there is no session for this message')
      this.#messageLines++
      await this.#open.add(line)
      await this.#closeIfWhole()
    } else if (line['type'] === 'gone') {
      if (this.#open === undefined) throw wrong('there is no session that is gone')
      this.#sessionLines--
      this.#messageLines -= this.#open.taken
      await this.#open.drop()
      this.#open = undefined
    }
  }

  end({ sessions, messages, digest }: ReturnType<typeof parseEnd>, counted: string): void {
    if (this.#open !== undefined) throw wrong('messages of the last session are missing')
    const isSame = digest === undefined || digest === counted
    const isWhole = sessions === this.#sessionLines && messages === this.#messageLines && isSame
    if (!isWhole) throw wrong('counts or digest differ: lines were changed or lost')
    this.isEnded = true
  }

  async #closeIfWhole(): Promise<void> {
    const open = this.#open
    if (open?.isWhole !== true) return
    if (await open.finish()) {
      this.#imported.add(open.id)
      this.#messages += open.taken
    } else if (open.isBegun) this.#skipped.add(open.id)
    this.#open = undefined
  }
}

/** A session that is being imported, part by part: the store shows none of it before the last part. */
class OpenSession {
  readonly #service: Service
  readonly #identity: Identity
  readonly #line: ImportedSession
  readonly #ref: SessionRef
  readonly #incarnation = newId()
  #record: SessionRecord | undefined
  #body = ''
  #page: StoredMessage[] = []
  #pageBytes = 0
  #bytes = 0
  #begunAt = 0
  taken = 0

  constructor(service: Service, identity: Identity, line: ImportedSession) {
    this.#service = service
    this.#identity = identity
    this.#line = line
    this.#ref = { tenantId: identity.tenantId, id: line.id }
  }

  get id(): string {
    return this.#line.id
  }

  get isBegun(): boolean {
    return this.#record !== undefined
  }

  get isWhole(): boolean {
    return this.taken === this.#line.lastSeq - this.#line.trimmedSeq
  }

  /** False when another session has the id. */
  async begin(): Promise<boolean> {
    const { store, storeClock } = this.#service
    const there = await store.read(this.#ref)
    if (there !== undefined) {
      // The import that made it may have died over this.
      await keepImported(this.#service, there.record)
      return false
    }
    const now = await readStoreTime(this.#service, this.#identity.tenantId)
    storeClock.learn(now)
    this.#begunAt = now
    const given = recordOf(this.#service, this.#identity, this.#line, this.#incarnation, now)
    await this.#checkConsent(given)
    await refuseBefore(this.#service, given)
    const { title, body } = await redactedSession(this.#service.redaction, this.#line)
    this.#body = encodeBody(body, this.#service.limits.maxSessionLength)
    const record = title === undefined ? given : { ...given, title }
    this.#record = record
    return true
  }

  /** An import stores nothing that `create` would not. @throws `consent_missing` */
  async #checkConsent({ tenantId, userId }: SessionRecord): Promise<void> {
    if (this.#service.consent === undefined || userId === undefined) return
    const decided = await readConsents(this.#service, { tenantId, userId })
    const known = userId === this.#identity.userId ? this.#identity.consents : undefined
    const hasPreferences = Object.keys(this.#line.body.preferences).length > 0
    for (const purpose of hasPreferences ? ['storage', 'personalization'] : ['storage'])
      if (!isAllowed(this.#service, purpose, decided, known)) refuseWithout(purpose)
  }

  async add(line: Readonly<Record<string, unknown>>): Promise<void> {
    const seq = this.#line.trimmedSeq + this.taken + 1
    const message = parseMessageLine(line, seq)
    this.taken++
    if (this.#record === undefined) return
    if (Math.max(message.at, message.stored?.at ?? 0) > this.#begunAt + clockSlackMs)
      throw wrong('the message is of a time that is still to come', 'at')
    const stored = await encodeMessage(this.#service, message)
    const size = byteLength(stored.payload)
    this.#bytes += size
    // A message that is redacted, or counted anew, may have grown a little.
    const { bytes = Number.POSITIVE_INFINITY } = this.#line
    if (this.#bytes > Math.min(2 * bytes + 4096, this.#service.limits.maxSessionBytes)) {
      throw new SessionError('too_large', 'the messages take more bytes than the session says, or may take', {
        path: 'bytes',
      })
    }
    const isFull = this.#pageBytes + size > maxPageBytes || this.#page.length === pageMessages
    if (isFull && this.#page.length > 0) await this.#put(true)
    this.#page.push(stored)
    this.#pageBytes += size
  }

  /** False when another session has got the id. */
  async finish(): Promise<boolean> {
    if (this.#record === undefined) return false
    try {
      await this.#put(false)
    } catch (error) {
      if (isSessionError(error, 'conflict')) return false
      throw error
    }
    await takeSlots(this.#service, this.#record)
    if (!(await refuseErased(this.#service, this.#record)))
      await forgetPreferencesOf(this.#service, this.#record)
    this.#service.emit('session.created', this.#record, {}, this.#identity)
    await keepImported(this.#service, this.#record)
    return true
  }

  async drop(): Promise<void> {
    if (this.#record === undefined) return
    await this.#service.store.remove(this.#ref, { incarnation: this.#incarnation })
  }

  async #put(more: boolean): Promise<void> {
    // What is redacted and counted anew takes other bytes than the export says.
    const record = { ...this.#record!, bytes: this.#bytes }
    const copy = { record, body: this.#body, messages: this.#page, more }
    await repeatUnknown(() => this.#service.store.restore(this.#ref, copy))
    this.#page = []
    this.#pageBytes = 0
  }
}

function recordOf(
  service: Service,
  { tenantId, userId: own, roles }: Identity,
  line: ImportedSession,
  incarnation: string,
  now: number,
): SessionRecord {
  const { id, title, label, createdAt, updatedAt, lastSeq, trimmedSeq, bytes = 0 } = line
  const userId = roles?.includes('admin') === true ? (line.userId ?? own) : own
  if (Math.max(createdAt, updatedAt) > now + clockSlackMs)
    throw wrong('the session is of a time that is still to come')
  const { absoluteMs } = service.ttl
  // It lives as long from now on as a new one, though it was made long ago.
  const lifetime = Number.isFinite(absoluteMs) ? { absoluteMs: now - createdAt + absoluteMs } : undefined
  const { idleMs = Number.POSITIVE_INFINITY, absoluteMs: most = Number.POSITIVE_INFINITY } = deadlineOf(
    lifetimeOf(service, lifetime === undefined ? {} : { lifetime }),
  )
  const expiresAt = Math.min(now + idleMs, createdAt + most)
  return {
    tenantId,
    id,
    incarnation,
    revision: 1,
    changes: 1,
    lastSeq,
    trimmedSeq,
    bytes,
    createdAt,
    updatedAt,
    activeAt: updatedAt,
    ...(Number.isFinite(expiresAt) ? { expiresAt } : {}),
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(userId === undefined ? {} : { userId }),
    ...(title === undefined ? {} : { title }),
    ...(label === undefined ? {} : { label }),
  }
}

function wrong(why: string, path = 'line'): SessionError {
  return new SessionError('invalid', why, { path })
}

// A conflict is another import of the same session at the same time.
const ofLines: readonly SessionErrorCode[] = ['invalid', 'too_large', 'limit_reached', 'conflict']

/** The error with the number of its line, from 1. */
function located(error: unknown, count: number): unknown {
  if (!ofLines.some((code) => isSessionError(error, code))) return error
  const { code, message, path: at } = error as SessionError
  const inner = at?.replace(/^line(?![a-z])\.?/, '') ?? ''
  const path = `lines[${count}]${inner === '' || inner.startsWith('[') ? inner : `.${inner}`}`
  return new SessionError(code, `${path}: ${message}`, { path, cause: error })
}
