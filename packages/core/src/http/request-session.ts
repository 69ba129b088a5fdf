import { SessionError } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { noSuchSession } from '../service/live-session.js'
import type { SessionWarning } from '../service/settings.js'
import { liveSessionOf, type Session } from '../session.js'
import { currentCredential } from '../session/credential.js'
import type { Sessions } from '../sessions.js'
import type { Transport, TransportFields } from './transport.js'

/** What a framework's response lets us do. */
export interface HeaderSink {
  /** False once the first byte is out. */
  canWrite(): boolean
  /** Adds a header value beside those that are there. */
  append(name: string, value: string): void
  /** Sets a header, unless the application has set it. */
  setDefault(name: string, value: string): void
}

/** What an adapter knows of one request. */
export interface RequestSessionOptions {
  /** The service. */
  readonly sessions: Sessions
  /** Reads and writes credentials. */
  readonly transport: Transport
  /** Where the request may carry a credential. */
  readonly fields: TransportFields
  /** The headers of its response. */
  readonly headers: HeaderSink
  /** Says who is asking. Runs when a session is first asked for, once a request. */
  readonly identify: () => Identity | Promise<Identity>
  /** Is told when a cookie could not be set because the request was insecure. */
  readonly warn: (warning: SessionWarning) => void
}

/** The session of one request, whatever the framework. Nothing is looked up before somebody asks, and then once. */
export class RequestSession {
  readonly #options: RequestSessionOptions
  #identity: Promise<Identity> | undefined
  #found: Promise<Session | undefined> | undefined
  #draft: Session | undefined
  #creation: Promise<unknown> | undefined

  constructor(options: RequestSessionOptions) {
    this.#options = options
  }

  /** Who is asking. */
  async identity(): Promise<Identity> {
    // Inside an async function, so that an `identify` that throws becomes a rejection like any other.
    this.#identity ??= (async () => this.#options.identify())()
    return this.#identity
  }

  /** The session whose credential came with the request. */
  async find(): Promise<Session | undefined> {
    this.#found ??= this.#lookUp()
    return this.#draft?.isStored === true ? this.#draft : this.#found
  }

  /** The session of the request, or a draft that is stored, and handed to the caller, with its first write. */
  async get(): Promise<Session> {
    const found = await this.find()
    if (found !== undefined) return found
    const mine = this.#options.sessions.for(await this.identity())
    this.#draft ??= mine.draft({
      beforeCreate: () => this.#mustBeWritable(),
      onCreating: (creation) => {
        this.#creation = creation
      },
      afterCreate: async (session) => this.#handOver(await credentialOf(session)),
    })
    return this.#draft
  }

  /** A draft, whatever session the caller came with; from here on it is the session of the request. */
  async renew(): Promise<Session> {
    this.#keepPrivate()
    this.#found = Promise.resolve(undefined)
    this.#draft = undefined
    return this.get()
  }

  /** The session of this public id, if the caller may touch it. @throws `not_found` */
  async getById(id: string): Promise<Session> {
    const found = await this.find()
    if (found?.id === id) return found
    return this.#options.sessions.for(await this.identity()).get(id)
  }

  /** Gives the request's session to its user and replaces the credential. @throws `not_found`, `unauthenticated` */
  async bind(): Promise<Session> {
    const session = await this.find()
    if (session === undefined) throw noSuchSession()
    this.#mustBeWritable()
    this.#handOver(await session.bind())
    return session
  }

  /** Hands the caller the credential of a session that was made for them; it takes the place of the one they had. */
  async carry(session: Session, credential?: string): Promise<void> {
    this.#mustBeWritable()
    this.#handOver(credential ?? (await session.credential()))
  }

  /** Settles once no draft is on its way to the store and back: to be awaited before a response begins. */
  async settled(): Promise<void> {
    await this.#creation?.catch(() => {})
  }

  /** Takes the credential away from the caller; the session stays. */
  forget(): void {
    this.#mustBeWritable()
    this.#handOver(undefined)
  }

  async #lookUp(): Promise<Session | undefined> {
    const { transport, fields, sessions } = this.#options
    this.#keepPrivate()
    const value = transport.read(fields)
    if (value === undefined) return undefined
    const mine = sessions.for(await this.identity())
    const session = await mine.findByCredential(value)
    if (session !== undefined) return session
    // A signed-in caller may name a session of theirs by its public id: who they are opens it, not the id.
    const isPublicId =
      value === fields.sessionId && mine.identity.userId !== undefined && !value.includes('.')
    return isPublicId ? mine.find(value) : undefined
  }

  /** What is answered from here on is for this caller alone. */
  #keepPrivate(): void {
    const { transport, headers } = this.#options
    if (!headers.canWrite()) return
    headers.setDefault('Cache-Control', 'no-store')
    for (const name of transport.varyBy) headers.append('Vary', name)
  }

  #mustBeWritable(): void {
    if (this.#options.headers.canWrite()) return
    throw new SessionError('headers_sent', 'The response has begun: touch the session before its first byte.')
  }

  #handOver(credential: string | undefined): void {
    const { transport, fields, headers, warn } = this.#options
    this.#mustBeWritable()
    if (transport.isHeldBack(fields)) {
      warn({
        code: 'insecure_transport',
        message:
          'The session cookie was not set, for the request did not come over TLS. Behind a proxy, have the framework trust it (Express: app.set("trust proxy", 1)).',
      })
    }
    for (const [name, value] of transport.write(fields, credential)) headers.append(name, value)
  }
}

/** The credential of a session that was stored a moment ago. Not by a call: the one that stored it still runs. */
async function credentialOf(session: Session): Promise<string> {
  const live = liveSessionOf(session, 'session')
  live.reuseRead()
  return currentCredential(live)
}
