import type { Identity } from '../domain/identity.js'
import type { SessionWarning } from '../service/settings.js'
import type { Guest, Guests } from './guests.js'
import { type HeaderSink, mustBeWritable } from './header-sink.js'
import { mustCarry, type TransportFields } from './transport.js'

/** The parts of a request that name a guest, and its answer. */
export interface RequestGuestOptions {
  readonly guests: Guests
  readonly fields: TransportFields
  readonly headers: HeaderSink
  readonly warn: (warning: SessionWarning) => void
}

/** The guest of one request. */
export class RequestGuest {
  readonly #options: RequestGuestOptions
  #guest: Guest | undefined
  #isTold = false

  constructor(options: RequestGuestOptions) {
    this.#options = options
  }

  /** Whether no client knows the guest yet. */
  get isNew(): boolean {
    return this.#guest?.isNew === true
  }

  /** The caller; one without an account as a guest. */
  async identify(identity: Identity): Promise<Identity> {
    if (identity.userId !== undefined) return identity
    const { tenantId } = identity
    this.#guest = (await this.find(tenantId)) ?? (await this.#options.guests.create(tenantId))
    return { ...identity, userId: this.#guest.userId }
  }

  /** The guest that the request names, whoever the caller is now. */
  find(tenantId: string): Promise<Guest | undefined> {
    return this.#options.guests.find(this.#options.fields, tenantId)
  }

  /**
   * Names the guest to the client, with the lifetime of a new cookie: call it before a session of the guest is stored.
   *
   * @throws as `checkCarrying`, for a guest who would be lost without the cookie.
   */
  handOver(): void {
    const { guests, fields, headers, warn } = this.#options
    if (this.#guest === undefined || this.#isTold) return
    if (!this.#guest.isNew && !headers.canWrite()) return
    mustBeWritable(headers)
    if (this.#guest.isNew) mustCarry(guests.transport, fields, warn)
    this.#append(this.#guest.token)
    this.#isTold = true
  }

  /** Takes the name away from the client. The caller is no guest from here on. */
  end(): void {
    this.#append(undefined)
    this.#guest = undefined
  }

  #append(token: string | undefined): void {
    const { guests, fields, headers } = this.#options
    for (const [name, value] of guests.transport.write(fields, token)) headers.append(name, value)
  }
}
