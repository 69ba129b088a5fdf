import {
  createSessions,
  type Identity,
  memoryStore,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import {
  createTransport,
  RequestSession,
  type TransportFields,
  type TransportOptions,
} from '../../src/node.js'
import type { Guests } from '../../src/http.js'
import { alice, startGate } from '../service.js'

/** A request, and what its caller and its store do. */
export interface Asked {
  readonly commit?: () => Promise<never>
  readonly fields?: Partial<TransportFields>
  readonly identity?: Identity
  readonly options?: TransportOptions
  readonly store?: SessionStore
  /** Of a response that takes nothing back. */
  readonly keeps?: boolean
  /** Asked again at each sign-in. */
  readonly identify?: () => Identity
  readonly guests?: Guests | undefined
  readonly requestId?: string
  readonly settings?: SessionsOptions
}

/** A request that is under way. */
export interface Requested {
  readonly session: RequestSession
  readonly sessions: Sessions
  /** What its answer has so far. */
  readonly sent: Headers
  readonly gate: ReturnType<typeof startGate>
  /** Its answer takes no more headers. */
  readonly end: () => void
}

/** The session of a request whose store answers a commit when the gate opens. */
export function request({
  commit,
  fields,
  identity = alice,
  options = {},
  store: inner = memoryStore(),
  keeps,
  identify = () => identity,
  guests: named,
  requestId,
  settings = {},
}: Asked = {}): Requested {
  const gate = startGate()
  const slow: Pick<SessionStore, 'commit'> = {
    commit: async (...given) => {
      await gate.opened
      return commit === undefined ? inner.commit(...given) : commit()
    },
  }
  const store = Object.assign(Object.create(inner) as SessionStore, slow)
  const sessions = createSessions({ store, credentialSecrets: ['x'.repeat(32)], ...settings })
  const sent = new Headers()
  let isOver = false
  const session = new RequestSession({
    sessions,
    transport: createTransport(options, sessions.ttl.absoluteMs),
    fields: { cookie: undefined, sessionId: undefined, isSecure: false, ...fields },
    headers: {
      canWrite: () => !isOver,
      append: (name, value) => sent.append(name, value),
      setDefault: (name, value) => {
        if (!sent.has(name)) sent.set(name, value)
      },
      ...(keeps === true
        ? {}
        : {
            remove: (name: string, value: string) => {
              if (!sent.getSetCookie().includes(value)) throw new Error(`nobody has added ${name}`)
              const others = sent.getSetCookie().filter((each) => each !== value)
              sent.delete(name)
              for (const each of others) sent.append(name, each)
            },
          }),
    },
    identify,
    guests: named,
    ...(requestId === undefined ? {} : { requestId }),
    warn: () => {},
  })
  const end = (): void => {
    isOver = true
  }
  return { session, sessions, sent, gate, end }
}

/** All sessions of the tenant. */
export const stored = async (sessions: Sessions) =>
  (await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()).items

/** The credential in an answer that sets its cookie once. */
export const credentialIn = (sent: Headers): string => {
  const [cookie, ...others] = sent.getSetCookie().filter((each) => /^(__Host-)?sessions=/.test(each))
  if (cookie === undefined || others.length > 0) throw new Error('not one cookie')
  return /=([^;]*)/.exec(cookie)![1]!
}

export const hello = { role: 'user', content: 'Hello' } as const
