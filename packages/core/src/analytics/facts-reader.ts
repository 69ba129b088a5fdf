import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionFacts } from '../domain/analytics.js'
import type { Consents } from '../domain/consent.js'
import { keptCounts } from '../domain/counted-through.js'
import type { MessageTally } from '../domain/message-tally.js'
import { decodeBody, type SessionBody } from '../domain/session-body.js'
import { isSessionError, isUnreadable } from '../errors.js'
import { isAllowed, readConsents } from '../service/consent.js'
import { countsOf } from '../service/counts-of.js'
import type { Service } from '../service/service.js'
import { factsOf } from './session-facts.js'

/** A session as it was read. */
export interface ReadFacts {
  readonly record: SessionRecord
  /** Undefined where its user does not consent. */
  readonly facts: SessionFacts | undefined
}

// Messages that are read of sessions whose turns have not counted them.
const maxMessages = 100_000

/** Whether a session counts, by what its user has decided: where nothing may be stored, nothing is kept of what it says. */
export function mayCount(service: Service, decided: Consents | undefined): boolean {
  const isWithdrawn = service.consent !== undefined && decided?.purposes['storage']?.granted === false
  return !isWithdrawn && isAllowed(service, 'analytics', decided)
}

/** Reads what sessions of a tenant say, of those whose users allow it. */
export class FactsReader {
  readonly #service: Service
  readonly #tenantId: string
  readonly #unitOf: (record: SessionRecord) => string | Promise<string>
  /** Of each user it is read once. */
  readonly #consents = new Map<string, Promise<Consents | undefined>>()
  #left = maxMessages

  /** @param unitOf What stands for a user, or for a session of nobody. */
  constructor(
    service: Service,
    tenantId: string,
    unitOf: (record: SessionRecord) => string | Promise<string>,
  ) {
    this.#service = service
    this.#tenantId = tenantId
    this.#unitOf = unitOf
  }

  /** False once a session has more uncounted messages than may still be read: of it counts what was counted. */
  get isComplete(): boolean {
    return this.#left >= 0
  }

  /** Undefined for a session that is gone, or that nobody can read: it must not hide the others. */
  async read(ref: SessionRef): Promise<ReadFacts | undefined> {
    try {
      const stored = await this.#service.store.read(ref)
      if (stored === undefined) return undefined
      const { record } = stored
      const body = decodeBody(stored.body)
      if (!(await this.#allows(record, body))) return { record, facts: undefined }
      const about = { tally: await this.#tallyOf(record, body), unit: await this.#unitOf(record) }
      return { record, facts: factsOf(record, body, about) }
    } catch (error) {
      if (isUnreadable(error) || isSessionError(error, 'not_found')) return undefined
      throw error
    }
  }

  async #allows({ userId }: SessionRecord, body: SessionBody): Promise<boolean> {
    if (this.#service.consent === undefined) return true
    if (userId === undefined) return mayCount(this.#service, body.consent)
    const user = { tenantId: this.#tenantId, userId }
    const reading = this.#consents.get(userId) ?? readConsents(this.#service, user)
    this.#consents.set(userId, reading)
    return mayCount(this.#service, await reading)
  }

  async #tallyOf(record: SessionRecord, body: SessionBody): Promise<MessageTally> {
    const { tally, through } = keptCounts(record, body, record.lastSeq)
    if (through === record.lastSeq || this.#left < 0) return tally
    this.#left -= record.lastSeq - through
    return this.#left < 0 ? tally : countsOf(this.#service.tallies).of(record, body)
  }
}
