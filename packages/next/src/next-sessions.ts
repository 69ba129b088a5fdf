import type { Sessions, CallerSessions, SessionWarning } from '@sessions/core'
import {
  checkGuestCookie,
  checkOptions,
  createTransport,
  type OptionNames,
  toNamedTransport,
  type Transport,
  warnOnce,
} from '@sessions/core/node'
import { callerOf } from './reading.js'
import type { NextSessionsOptions } from './next-sessions-options.js'

const defaultName = 'default'

// Outside of this module, which a process loads several times: once in each bundle, and again after each edit in
// `next dev`.
const openedKey: unique symbol = Symbol.for('@sessions/next') as never
const registry = globalThis as { [openedKey]?: Map<string, Promise<Sessions>> }
const opened = (registry[openedKey] ??= new Map())

const optionNames: OptionNames<NextSessionsOptions> = {
  open: 'function',
  identify: 'function',
  guests: 'object',
  name: 'text',
  trustedOrigins: 'origins',
  onWarning: 'function',
  cookie: true,
  header: 'flag',
}

/** The sessions of an application: opened once, with the first request that needs them. */
export class NextSessions {
  readonly name: string
  /** @internal */
  readonly options: NextSessionsOptions
  #transport: Transport | undefined

  /** @internal Made by `nextSessions`. @throws `invalid` for an unknown option. */
  constructor(options: NextSessionsOptions) {
    checkOptions(options ?? null, optionNames)
    this.options = options
    this.name = options.name ?? defaultName
    this.warn = warnOnce(options.onWarning)
  }

  /** The service; the first caller opens it, and the whole process shares it. */
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
   * The sessions of the current request's caller. In a render they can only be read: every change rejects with
   * `headers_sent`. It does not check which page sent the request; `sessionAction` does that for actions.
   */
  for(): Promise<CallerSessions> {
    return callerOf(this)
  }

  /** @internal How credentials travel. @throws `invalid` with the path of a wrong option. */
  async transport(): Promise<Transport> {
    const { ttl } = await this.sessions()
    const { name, options } = this
    const { cookie, header } = name === defaultName ? options : toNamedTransport(name, options)
    const transport = (this.#transport ??= createTransport({ cookie, header }, ttl.absoluteMs))
    checkGuestCookie(options.guests, transport)
    return transport
  }

  /** @internal Warns once, however often it happens. */
  readonly warn: (warning: SessionWarning) => void
}

/**
 * The sessions of an application: `export const chat = nextSessions({ open, identify })`, in a module of their own.
 * The service is opened with the first request, so a build needs no store.
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { nextSessions, withSession } from '@sessions/next'
 *
 * export const chat = nextSessions({ open: () => createSessions(), identify: () => ({ tenantId: 'acme' }) })
 *
 * // In app/chat/route.ts:
 * export const POST = withSession(chat, async (request, session) => {
 *   await session.append({ role: 'user', content: await request.text() })
 *   return Response.json(await session.history())
 * })
 * ```
 */
export function nextSessions(options: NextSessionsOptions): NextSessions {
  return new NextSessions(options)
}
