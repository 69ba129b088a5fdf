import { type CallerSessions, type Session, SessionError } from '@sessions/core'
import type { BuiltContext, SessionContextOptions } from '@sessions/core/context'

/** A session for a server component: it can only be read. */
export interface ReadonlySession extends Pick<
  Session,
  | 'id'
  | 'tenantId'
  | 'ref'
  | 'identity'
  | 'record'
  | 'isStored'
  | 'read'
  | 'history'
  | 'allMessages'
  | 'info'
  | 'orders'
  | 'branches'
  | 'transfers'
  | 'currentTurn'
  | 'pseudonym'
> {
  /** Reads it. */
  readonly cart: Pick<Session['cart'], 'get'>
  /** Reads it. */
  readonly state: Pick<Session['state'], 'get'>
  /** Reads them. */
  readonly preferences: Pick<Session['preferences'], 'get'>
  /** The messages that a model would see now. It stores nothing. @throws `too_large` */
  context(options: Omit<SessionContextOptions, 'remember'>): Promise<BuiltContext>
}

/** A session for reading. Each part is read once, so a whole page shows the same state. */
export function readonlySession(session: Session): ReadonlySession {
  const kept = new Map<string, Promise<unknown>>()
  const once = <T>(what: string, read: () => Promise<T>): Promise<T> => {
    const known = kept.get(what) as Promise<T> | undefined
    const reading = known ?? read()
    kept.set(what, reading)
    return reading
  }
  // The read that found the session includes everything except the messages.
  const read = async () => session.contents ?? (await once('contents', () => session.read()))
  const { id, tenantId, ref, identity, record, isStored } = session
  const view: ReadonlySession = {
    id,
    tenantId,
    ref,
    identity,
    record,
    isStored,
    read,
    history: (options) => once(`history ${JSON.stringify(options)}`, () => session.history(options)),
    allMessages: () => once('messages', () => session.allMessages()),
    info: () => once('info', () => session.info()),
    context: (options) => session.context({ ...options, remember: false }),
    transfers: () => once('transfers', () => session.transfers()),
    currentTurn: () => once('turn', () => session.currentTurn()),
    orders: async () => (await read()).orders,
    branches: async () => (await read()).branches,
    pseudonym: (purpose) => session.pseudonym(purpose),
    cart: refusing({ get: async () => (await read()).cart }, session.cart),
    state: refusing({ get: async () => (await read()).state }, session.state),
    preferences: refusing({ get: async () => (await read()).preferences }, session.preferences),
  }
  return refusing(view, session)
}

/** The caller's sessions, for reading. */
export function readonlyCaller(caller: CallerSessions): CallerSessions {
  const find = async (id: string) => {
    const session = await caller.find(id)
    return session === undefined ? undefined : readonlySession(session)
  }
  const view = {
    identity: caller.identity,
    list: (options: Parameters<typeof caller.list>[0]) => caller.list(options),
    describeTransfer: (key: Parameters<typeof caller.describeTransfer>[0]) => caller.describeTransfer(key),
    find,
    get: async (id: string) => readonlySession(await caller.get(id)),
  }
  return refusing(view, caller) as never
}

/** `view`; every other method of `whole` rejects. */
function refusing<View extends object>(view: View, whole: object): View {
  return new Proxy(view, {
    get: (_, name) => {
      if (name in view) return Reflect.get(view, name) as unknown
      return typeof Reflect.get(whole, name) === 'function' && name !== 'constructor' ? refuse : undefined
    },
  })
}

async function refuse(): Promise<never> {
  throw readsOnly()
}

/** Why a page cannot change a session. */
export function readsOnly(): SessionError {
  return new SessionError(
    'headers_sent',
    'A server component only reads: change sessions in a server action or in a route handler.',
  )
}
