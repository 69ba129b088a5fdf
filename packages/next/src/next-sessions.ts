import type { Identity, Sessions, SessionsOfCaller, SessionWarning } from '@sessions/core'
import { type Carriage, type CarriageOptions, createCarriage } from '@sessions/core/node'
import { callerOf } from './reading.js'
import type { RequestCookies, RequestHeaders } from './request-parts.js'

/** What a request shows of who sent it, the same in pages, actions and route handlers. */
export interface NextSessionsRequest {
  readonly headers: RequestHeaders
  /** With what `proxy.ts`, or an action before the render, has set since. */
  readonly cookies: RequestCookies
}

export interface NextSessionsOptions extends CarriageOptions {
  /** Makes the service. Runs with the first request that asks, once a process; again when it failed. */
  open: () => Sessions | Promise<Sessions>
  /**
   * Who is asking, from what your application has verified, never from what the client merely claims. Runs once for a
   * render, an action or a handler that asks for a session.
   */
  identify: (request: NextSessionsRequest) => Identity | Promise<Identity>
  /** Tells services of one process apart, and their cookies (default `default`). */
  name?: string
  /** Origins whose pages may act for their visitors, beside our own, such as `https://shop.example` (default: none). */
  trustedOrigins?: readonly string[]
  /** Told when a cookie could not be set because the request was insecure (default: `console.warn`, once). */
  onWarning?: (warning: SessionWarning) => void
}

const defaultName = 'default'

// Beside our module, which a process has several times: each bundle brings its own, and so does each edit in `next dev`.
const openedKey: unique symbol = Symbol.for('@sessions/next') as never
const registry = globalThis as { [openedKey]?: Map<string, Promise<Sessions>> }
const opened = (registry[openedKey] ??= new Map())

/** Sessions as an application has them: opened once, with the first request that needs them. */
export class NextSessions {
  readonly name: string
  /** @internal */
  readonly options: NextSessionsOptions
  #carriage: Carriage | undefined
  #isTold = false

  /** @internal Made by `nextSessions`. */
  constructor(options: NextSessionsOptions) {
    this.options = options
    this.name = options.name ?? defaultName
  }

  /** The service; opened by the first who asks, and shared by the whole process. */
  sessions(): Promise<Sessions> {
    const known = opened.get(this.name)
    if (known !== undefined) return known
    // In an async function, so that an `open` that throws becomes a rejection like any other.
    const opening = (async () => this.options.open())()
    opened.set(this.name, opening)
    // The next request tries again.
    opening.catch(() => opened.delete(this.name))
    return opening
  }

  /**
   * The sessions of who sent the current request. In a render it only reads: everything else rejects with
   * `headers_sent`. It does not ask which page a request comes from: in actions, `sessionAction` does.
   */
  for(): Promise<SessionsOfCaller> {
    return callerOf(this)
  }

  /** @internal How credentials travel. @throws `invalid` with the path of an option that cannot work. */
  async carriage(): Promise<Carriage> {
    const { ttl } = await this.sessions()
    const { cookie, header } = this.options
    const named =
      this.name === defaultName || cookie === false || cookie?.name !== undefined
        ? cookie
        : { ...cookie, name: `sessions-${this.name}` }
    this.#carriage ??= createCarriage({ cookie: named, header }, ttl.absoluteMs)
    return this.#carriage
  }

  /** @internal Told once, however often it happens. */
  readonly warn = (warning: SessionWarning): void => {
    if (this.#isTold) return
    this.#isTold = true
    if (this.options.onWarning === undefined) {
      console.warn(`[sessions] ${warning.code}: ${warning.message}`)
    } else {
      this.options.onWarning(warning)
    }
  }
}

/**
 * Sessions for an application: `export const chat = nextSessions({ open, identify })`, in a module of their own.
 * Nothing is opened before a request asks, so a build needs no store.
 */
export function nextSessions(options: NextSessionsOptions): NextSessions {
  return new NextSessions(options)
}
