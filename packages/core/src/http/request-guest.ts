import type { Identity } from '../domain/identity.js'
import { isSessionError } from '../errors.js'
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
  /** Whether the guest of the request's cookie has ended with this request. */
  #isOver = false
  /** What this answer says of the name of the guest. */
  #said: ReturnType<Guests['transport']['write']> = []

  constructor(options: RequestGuestOptions) {
    this.#options = options
  }

  /** Whether no client knows the guest yet. */
  get isNew(): boolean {
    return this.#guest?.isNew === true
  }

  /** As an owner of sessions; undefined for a caller who is none. */
  get userId(): string | undefined {
    return this.#guest?.userId
  }

  /** The caller; one without an account as a guest. */
  async identify(identity: Identity): Promise<Identity> {
    if (identity.userId !== undefined) return identity
    const { tenantId } = identity
    const known = this.#isOver ? undefined : await this.find(tenantId)
    this.#guest = known ?? (await this.#options.guests.create(tenantId))
    return { ...identity, userId: this.#guest.userId }
  }

  /** The guest whom the request names, or has made, whoever the caller is now. */
  async find(tenantId: string): Promise<Guest | undefined> {
    const named = await this.#options.guests.find(this.#options.fields, tenantId)
    return named ?? (this.isNew ? this.#guest : undefined)
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
    this.#say(this.#guest.token)
    this.#isTold = true
  }

  /** Takes the name away from the client. The caller is no guest from here on, or another one. */
  end(isRefused = false): void {
    this.#say(undefined, isRefused)
    this.#guest = undefined
    this.#isTold = false
    this.#isOver = true
  }

  /** Takes the name of a guest away who was erased: the next request of the client is that of another one. */
  endIfErased(why: unknown): void {
    const isErased = isSessionError(why, 'user_erased')
    if (isErased && this.#guest !== undefined && this.#options.headers.canWrite()) this.end(true)
  }

  #say(token: string | undefined, isRefused = false): void {
    const { guests, fields, headers } = this.#options
    for (const [name, value] of this.#said) headers.remove?.(name, value)
    this.#said = guests.transport.write(fields, token)
    for (const [name, value] of this.#said) {
      if (isRefused && headers.appendAnyway !== undefined) headers.appendAnyway(name, value)
      else headers.append(name, value)
    }
  }
}

const ofRequests = new WeakMap<object, Map<Guests, Guests>>()

/**
 * The guests of one request, which is any object that stands for it: in it a caller without a name is one new guest,
 * however often, and by however many services, it is asked who that is.
 */
export function guestsOfRequest(request: object, guests: Guests): Guests {
  const known = ofRequests.get(request) ?? new Map<Guests, Guests>()
  ofRequests.set(request, known)
  const made = new Map<string, ReturnType<Guests['create']>>()
  const mine = known.get(guests) ?? {
    ...guests,
    create(tenantId: string) {
      const guest = made.get(tenantId) ?? guests.create(tenantId)
      made.set(tenantId, guest)
      return guest
    },
  }
  known.set(guests, mine)
  return mine
}
