import { noteCaller } from '../audit/caller.js'
import { SessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { aroundStoring } from '../service/create-session.js'
import { noSuchSession } from '../service/held-credential.js'
import { removeLive } from '../service/remove-live.js'
import type { SessionWarning } from '../service/settings.js'
import type { Session } from '../session.js'
import { liveSessionOf } from '../session/live-of.js'
import { currentCredential } from '../session/credential.js'
import type { CallerSessions } from '../caller-sessions.js'
import { type Sessions, serviceOf } from '../sessions.js'
import { giveSessions } from './give-sessions.js'
import { givenIdentity } from './given-identity.js'
import type { Guests } from './guests.js'
import { type HeaderSink, mustBeWritable } from './header-sink.js'
import { RequestGuest } from './request-guest.js'
import { mustCarry, type Transport, type TransportFields } from './transport.js'

/** The parts of one request, from an adapter. */
export interface RequestSessionOptions {
  /** The service. */
  readonly sessions: Sessions
  /** Reads and writes credentials. */
  readonly transport: Transport
  /** The places in the request that may have a credential. */
  readonly fields: TransportFields
  /** The headers of its response. */
  readonly headers: HeaderSink
  /** Returns the identity of the caller. Runs when its session is first needed, and again for `bind` and after `forget`. */
  readonly identify: () => Identity | Promise<Identity>
  /** Makes callers without an account guests (default: they are anonymous). */
  readonly guests?: Guests | undefined
  /** Names the request in the audit (default: entries name none). */
  readonly requestId?: string
  /** Called when a cookie could not be set because the request did not come over TLS. */
  readonly warn: (warning: SessionWarning) => void
}

/** The session of one request, in any framework. It is looked up when it is first needed, and then only once. */
export class RequestSession {
  readonly #options: RequestSessionOptions
  #identity: Promise<Identity> | undefined
  #isPrivate = false
  #isForgotten = false
  readonly #guest: RequestGuest | undefined
  #mine: CallerSessions | undefined
  #found: Promise<Session | undefined> | undefined
  #draft: Session | undefined
  #drafting: Promise<Session> | undefined
  #creation: Promise<unknown> | undefined
  #opened: { readonly credential: string; readonly session: Session } | undefined
  /** The credential in this response, its headers, and its place among all that were to be in it. */
  #handed:
    | { credential: string | undefined; headers: readonly (readonly [string, string])[]; place: number }
    | undefined
  #places = 0

  constructor(options: RequestSessionOptions) {
    this.#options = options
    const { guests } = options
    this.#guest = guests === undefined ? undefined : new RequestGuest({ ...options, guests })
  }

  /** The sessions of the caller, one object for the whole request. */
  async mine(): Promise<CallerSessions> {
    const { sessions, requestId } = this.#options
    const identity = await this.identity()
    if (this.#mine !== undefined) return this.#mine
    this.#mine = sessions.for(identity)
    const guest = this.#guest
    if (guest !== undefined) {
      aroundStoring(this.#mine.identity, {
        before: () => guest.handOver(),
        refused: (why) => guest.endIfErased(why),
      })
    }
    if (requestId !== undefined) noteCaller(this.#mine.identity, { requestId })
    return this.#mine
  }

  /** The credential of the request, and the session that it has opened; undefined when it has opened none so far. */
  get opened(): { readonly credential: string; readonly session: Session } | undefined {
    return this.#opened
  }

  /** The identity of the caller. */
  async identity(): Promise<Identity> {
    this.#keepPrivate()
    this.#identity ??= this.#identify()
    return this.#identity
  }

  /** Whether the caller is a guest whom no client knows yet: counted as one of all anonymous callers. */
  get isNewGuest(): boolean {
    return this.#guest?.isNew === true
  }

  /** @internal Whether this user is the guest whom the request names. */
  isGuest(userId: string): boolean {
    return this.#guest?.userId === userId
  }

  async #identify(): Promise<Identity> {
    const identity = givenIdentity(await this.#options.identify(), this.#guest)
    return this.#guest?.identify(identity) ?? identity
  }

  /** The session of the credential in the request. */
  async find(): Promise<Session | undefined> {
    this.#found ??= this.#lookUp()
    return this.#draft?.isStored === true ? this.#draft : this.#found
  }

  /**
   * The session of the request, or a draft. The first write stores the draft, and the response carries its credential.
   * That write is refused, and stores nothing, when the response cannot carry the credential: `headers_sent` after the
   * first byte, `insecure_transport` without TLS, `forbidden` for a page of another site; and `not_found` for a client
   * whose credential has been replaced, because it may be about to get the new one (`renew` begins another session in
   * any case).
   */
  async get(): Promise<Session> {
    const found = await this.find()
    if (found !== undefined) return found
    return this.#drafting ?? this.#start(() => this.#isOutdated())
  }

  /** A new draft, whatever session the request has; from here on the draft is the session of the request. */
  async renew(): Promise<Session> {
    this.#found = Promise.resolve(undefined)
    this.#draft = undefined
    return this.#start(async () => false)
  }

  /** The session of this public id, if the caller may touch it. @throws `not_found` */
  async getById(id: string): Promise<Session> {
    const found = await this.find()
    if (found?.id === id) return found
    return (await this.mine()).get(id)
  }

  /**
   * Gives the request's session to its user and replaces the credential. It asks again who the caller is. With guests it
   * gives the user all sessions of the guest, who ends.
   *
   * @param id The public id of the session (default: that of the credential, or the guest's last active one).
   * @throws `not_found`, `unauthenticated`
   */
  async bind(id?: string): Promise<Session> {
    // What this request has begun, and not awaited, goes along.
    await this.settled()
    const given = await this.#bindGuest(id)
    if (given !== undefined) return given
    if (this.#guest === undefined) await this.#identifyAgain()
    const session = await this.find()
    const bound = session ?? (await this.#boundBefore())
    if (bound === undefined || (id !== undefined && bound.id !== id)) throw noSuchSession()
    this.checkCarrying()
    this.#handOver(await (session === undefined ? bound.credential() : bound.bind()))
    this.#found = Promise.resolve(bound)
    if (session === undefined) this.#draft = undefined
    return bound
  }

  /** The caller may have signed in since somebody asked, in this request, for the session of a visitor. */
  async #identifyAgain(): Promise<void> {
    if (this.#identity === undefined) return
    const before = await this.#identity.catch(() => undefined)
    const identity = givenIdentity(await this.#options.identify())
    if (before?.tenantId === identity.tenantId && before.userId === identity.userId) return
    const begun = this.#draft?.isStored === true ? await this.#draft.credential() : undefined
    this.#askAs(identity)
    if (begun !== undefined) this.#found = (await this.mine()).findByCredential(begun)
  }

  /** From here on the caller is another one; undefined asks who. */
  #askAs(identity: Identity | undefined): void {
    this.#identity = identity === undefined ? undefined : Promise.resolve(identity)
    this.#mine = undefined
    this.#found = undefined
    this.#draft = undefined
    this.#drafting = undefined
  }

  /**
   * The session of an outdated credential that is the caller's by now: an earlier sign-in of this client has given it, and
   * its answer may have been lost.
   */
  async #boundBefore(): Promise<Session | undefined> {
    const { sessions, transport, fields } = this.#options
    const claim = await serviceOf(sessions).credentials.verify(transport.read(fields) ?? '')
    const mine = await this.mine()
    const { tenantId, userId } = mine.identity
    if (claim === undefined || userId === undefined || claim.ref.tenantId !== tenantId) return undefined
    const session = await mine.find(claim.ref.id)
    const isSame = session?.record.userId === userId && session.record.incarnation === claim.incarnation
    return isSame ? session : undefined
  }

  /** Undefined when there is no guest, or none of the sessions is the user's now. */
  async #bindGuest(id: string | undefined): Promise<Session | undefined> {
    if (this.#guest === undefined) return undefined
    const { fields, sessions, transport } = this.#options
    const identity = givenIdentity(await this.#options.identify(), this.#guest)
    if (identity.userId === undefined) {
      throw new SessionError('unauthenticated', 'Only a signed-in user can own a session.')
    }
    this.#askAs(identity)
    const guest = await this.#guest.find(identity.tenantId)
    if (guest === undefined) return undefined
    this.checkCarrying()
    const mine = await this.mine()
    const theirs = sessions.for({ tenantId: identity.tenantId, userId: guest.userId })
    if (id !== undefined && (await theirs.find(id)) === undefined && (await mine.find(id)) === undefined)
      return undefined
    const [newest] = await giveSessions(theirs, identity)
    this.#guest.end()
    // Another request may have given the sessions just now: then the credential is outdated, and still says which.
    const held = await serviceOf(sessions).credentials.verify(transport.read(fields) ?? '')
    for (const wanted of id === undefined ? [held?.ref.id, newest] : [id]) {
      const session = wanted === undefined ? undefined : await mine.find(wanted)
      if (session === undefined) continue
      this.#found = Promise.resolve(session)
      this.#handOver(await session.credential())
      return session
    }
    return undefined
  }

  /**
   * Hands the caller the credential of a session that was made for it, in place of the earlier credential. If the
   * response cannot carry a credential, a user opens the session as its owner.
   */
  async carry(session: Session, credential?: string): Promise<void> {
    if (!session.isKept) return
    const { transport, fields } = this.#options
    this.#mustBeWritable()
    const isOwner = session.record.userId !== undefined
    if (isOwner && transport.refusal(fields) !== undefined) return
    this.checkCarrying()
    this.#handOver(credential ?? (await session.credential()))
  }

  /**
   * Checks that the response can carry a credential: call it before a session is stored for the caller.
   *
   * @throws `headers_sent`, `insecure_transport`, `forbidden`
   */
  checkCarrying(): void {
    this.#mustBeWritable()
    const { transport, fields, warn } = this.#options
    mustCarry(transport, fields, warn)
  }

  /** Settles when no draft is being stored: await it before the response begins. */
  async settled(): Promise<void> {
    await this.#creation?.catch(() => {})
  }

  /**
   * Removes the credential from the caller, and the name of the guest; the sessions stay. What this request begins from
   * here on is of whoever the caller is then.
   */
  forget(): void {
    this.#mustBeWritable()
    this.#handOver(undefined)
    this.#guest?.end()
    this.#askAs(undefined)
    this.#found = Promise.resolve(undefined)
    this.#isForgotten = true
  }

  #start(askOutdated: () => Promise<boolean>): Promise<Session> {
    const drafting = this.#begin(askOutdated)
    this.#drafting = drafting
    drafting.then(
      (draft) => {
        if (this.#drafting === drafting) this.#draft = draft
      },
      () => {},
    )
    return drafting
  }

  /**
   * A draft. Its credential is in the headers before the draft is stored, because the application may send the
   * response before the store has answered.
   */
  async #begin(askOutdated: () => Promise<boolean>): Promise<Session> {
    const mine = await this.mine()
    // No credential opens a session that is kept nowhere.
    const isKept = await mine.keepsSessions()
    const isOutdated = await askOutdated()
    let credential = ''
    let place = 0
    const isEarly = this.#options.headers.remove !== undefined
    const draft = mine.draft({
      beforeCreate: () => {
        if (isOutdated) throw outdated()
        if (!isKept) return
        this.checkCarrying()
        this.#guest?.handOver()
        place = ++this.#places
        if (isEarly) this.#handOver(credential, place)
      },
      onCreating: (creation) => {
        this.#creation = creation
        creation.catch(() => this.#takeBack(credential))
      },
      afterCreate: async (session) => {
        if (!session.isKept) return
        const made = await credentialOf(session)
        if (isEarly && made === credential) return
        await this.#handOverLate(session, made, place)
      },
    })
    credential = await draft.credential()
    return draft
  }

  /** Hands over a credential that is known only after its session is stored. */
  async #handOverLate(session: Session, made: string, place: number): Promise<void> {
    try {
      this.#mustBeWritable()
    } catch (error) {
      // Without the credential, no caller could open the session.
      await removeLive(liveSessionOf(session, 'session'))
      throw error
    }
    // Meanwhile the caller may have got another credential, or none.
    if (this.#handed === undefined || this.#handed.place <= place) this.#handOver(made, place)
  }

  async #isOutdated(): Promise<boolean> {
    const { transport, fields } = this.#options
    const value = this.#isForgotten ? undefined : transport.read(fields)
    return value !== undefined && (await this.mine()).isOutdated(value)
  }

  async #lookUp(): Promise<Session | undefined> {
    const { transport, fields } = this.#options
    this.#keepPrivate()
    const value = transport.read(fields)
    if (value === undefined) return undefined
    const mine = await this.mine()
    const session = await mine.findByCredential(value)
    if (session !== undefined) this.#opened = { credential: value, session }
    if (session !== undefined) return session
    // A signed-in caller may name its own session by its public id: the identity opens the session, not the id.
    const isPublicId =
      value === fields.sessionId && mine.identity.userId !== undefined && !value.includes('.')
    return isPublicId ? mine.find(value) : undefined
  }

  /** From here on the answer is for this caller alone. */
  #keepPrivate(): void {
    const { transport, headers, guests } = this.#options
    if (this.#isPrivate || !headers.canWrite()) return
    this.#isPrivate = true
    headers.setDefault('Cache-Control', 'no-store')
    for (const name of new Set([...(guests?.transport.varyBy ?? []), ...transport.varyBy]))
      headers.append('Vary', name)
  }

  #mustBeWritable(): void {
    mustBeWritable(this.#options.headers)
  }

  /** The response contains only the credential that was handed over last. */
  #handOver(credential: string | undefined, place = ++this.#places): void {
    const { transport, fields, headers } = this.#options
    this.#mustBeWritable()
    for (const [name, value] of this.#handed?.headers ?? []) headers.remove?.(name, value)
    const added = transport.write(fields, credential)
    for (const [name, value] of added) headers.append(name, value)
    this.#handed = { credential, headers: added, place }
  }

  #takeBack(credential: string): void {
    const { headers } = this.#options
    if (this.#handed?.credential !== credential || !headers.canWrite()) return
    for (const [name, value] of this.#handed.headers) headers.remove?.(name, value)
    this.#handed = undefined
  }
}

/** The credential of a session that was just stored. It is not made by a call, because the storing call still runs. */
async function credentialOf(session: Session): Promise<string> {
  const live = liveSessionOf(session, 'session')
  live.reuseRead()
  return currentCredential(live)
}

function outdated(): SessionError {
  return new SessionError(
    'not_found',
    'The credential of this session has been replaced, because the session was given to a user or to another device. Ask for a new session.',
  )
}
