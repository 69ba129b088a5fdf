import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import type { SessionApiOptions } from '../../src/http/api-options.js'
import type { Identity, Session, Sessions } from '../../src/index.js'
import { serviceOf } from '../../src/sessions.js'
import { admin, alice, anonymous, bob, service } from '../service.js'
import { callsOf, eraseCalls, phone, said } from './scene.js'

const audit = { secrets: ['a secret of the audit that is long enough'] }
const callers: Readonly<Record<string, Identity>> = { alice, admin }

const options = (sessions: Sessions): SessionApiOptions => ({
  sessions,
  identify: (request) => callers[request.headers.get('authorization') ?? ''] ?? anonymous,
  respond: () => 'fine',
  header: true,
  userRoutes: true,
  importRoute: true,
  auditRoutes: serviceOf(sessions).audit !== undefined,
  usageRoutes: serviceOf(sessions).usage !== undefined,
  analyticsRoutes: true,
  searchRoutes: true,
})

interface Row {
  readonly route: string
  readonly calls: string
  readonly made: () => Promise<string>
}

interface Sent {
  readonly body?: unknown
  /** A body that is no JSON. */
  readonly text?: string
  readonly query?: string
  readonly headers?: Record<string, string>
  readonly params?: Readonly<Record<string, string>>
}

/** One line of the table: what a route calls the store for. In brackets, what makes it more or less than usual. */
function row(route: string, calls: string, sent: Sent | ((session: Session) => Sent) = {}): Row {
  return after(
    () => undefined,
    route,
    calls,
    (session) => (typeof sent === 'function' ? sent(session) : sent),
  )
}

/** A line about a session to which something has happened. */
function after<Prepared>(
  prepare: (source: Session, theirs: Sessions) => Prepared,
  route: string,
  calls: string,
  sent: (session: Session, prepared: Awaited<Prepared>) => Sent,
): Row {
  const made = async () =>
    callsOf(prepare, async ({ sessions, asking, audited, counting, session }, prepared) => {
      // Only they ask for consent, or keep a record.
      const others = { 'PUT /users/{userId}/consent': asking, 'GET /audit': audited, 'GET /usage': counting }
      const api = createSessionApi(options(others[route as keyof typeof others] ?? sessions))
      const [method, path] = route.split(' ') as [string, string]
      const { body, text, query = '', headers, params = {} } = sent(session, prepared)
      const filled = Object.entries({ id: session.id, ...params }).reduce(
        (so, [name, value]) => so.replace(`{${name}}`, value),
        path,
      )
      const response = await api.handle(
        new Request(`https://api.test${filled}${query}`, {
          method,
          headers: { authorization: 'alice', 'content-type': 'application/json', ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(text === undefined ? {} : { body: text }),
        }),
      )
      expect(response.status, await read(response)).toBeLessThan(400)
    })
  return { route, calls, made }
}

const ask = async (session: Session) => (await session.turn('and?', () => 'fine').result).turnId
const transfer = async (source: Session) => source.transfer({ mode: 'move' })
const waiting = async (source: Session, theirs: Sessions) => {
  const { transferId, secret } = await source.transfer({ mode: 'move', confirm: 'source' })
  const claimed = await theirs.for(alice).redeem({ secret })
  return { transferId, matchCode: claimed.status === 'pending' ? claimed.matchCode : '' }
}
const line = (session: Session) => ({ params: { itemId: session.contents!.cart.items[0]!.id } })
const ofAlice = { params: { userId: 'alice' } }
const keyed = { 'idempotency-key': 'the-key-of-this-request' }
// Who is not signed in comes with a credential, and is handed one.
const nobody = { authorization: 'nobody' }

/** The answer, and of a stream that never ends its first event. */
async function read(response: Response): Promise<string> {
  if (!response.body) return ''
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of response.body) {
    text += decoder.decode(piece, { stream: true })
    if (text.includes('event: session.changed')) break
  }
  return text
}

/** A line without the looks, one every half second while events come, that tell whether their reader may go on. */
function looksAside(line: Row): Row {
  return { ...line, made: async () => (await line.made()).replaceAll(/(?<=commit) read/g, '') }
}

// A call more is one that a caller waits for: whoever adds one says so here.
const rows = [
  row('GET /sessions/openapi.json', ''),
  row('POST /sessions', 'commit read', { body: { title: 'New' } }),
  row('POST /sessions (with a key)', 'read commit commit read commit', { body: {}, headers: keyed }),
  row('POST /sessions (by nobody)', 'commit', { body: {}, headers: nobody }),
  row('GET /sessions', 'list'),
  row('GET /sessions/{id}', 'read'),
  row('GET /sessions/{id} (with messages)', 'read read', { query: '?include=messages' }),
  row('PATCH /sessions/{id}', 'read commit', { body: { title: 'New' } }),
  row('DELETE /sessions/{id}', 'read remove list list'),
  row('DELETE /sessions/{id} (with a key)', 'read read commit remove list list commit', { headers: keyed }),
  after(
    async (source) => source.credential(),
    'POST /sessions/{id}/bind',
    'read read commit read',
    (_, credential) => ({ headers: { 'x-session-id': credential } }),
  ),
  row('GET /sessions/{id}/messages', 'read messages'),
  row('GET /sessions/{id}/messages (the newest)', 'read read', { query: '?direction=backward' }),
  row('POST /sessions/{id}/messages', 'commit', { body: { messages: [said('four')] } }),
  row(
    'POST /sessions/{id}/messages/{seq}/redact',
    'read messages commit messages amend commit list list read',
    {
      params: { seq: '2' },
    },
  ),
  row(
    'PATCH /sessions/{id}/messages/{seq}',
    'read messages read messages commit messages amend commit list list read',
    {
      params: { seq: '2' },
      body: { content: 'other' },
    },
  ),
  row('PATCH /sessions/{id}/messages/{seq}/annotations', 'read messages amend', {
    params: { seq: '2' },
    body: { rating: 'up' },
  }),
  row('POST /sessions/{id}/reset', 'read commit trim list'),
  after(
    ask,
    'POST /sessions/{id}/reset (after a turn)',
    'read commit trim list read remove list',
    () => ({}),
  ),
  row('POST /sessions/{id}/compact', 'read read', { body: {} }),
  row('POST /sessions/{id}/compact (that sums up)', 'read read read commit read', {
    body: { maxMessages: 1 },
  }),
  row('POST /sessions/{id}/message', 'read commit commit messages commit commit', {
    body: { content: 'and?' },
  }),
  looksAside(
    row('POST /sessions/{id}/message (as events)', 'read commit commit messages commit commit', {
      body: { content: 'and?', stream: true },
    }),
  ),
  after(ask, 'GET /sessions/{id}/turns/{turnId}', 'read read messages read', (_, turnId) => ({
    params: { turnId },
  })),
  row('POST /sessions/{id}/cancel', 'read'),
  row('GET /users/{userId}/export', 'read read list read messages list', { params: { userId: 'alice' } }),
  row('GET /sessions/{id}/export', 'read messages'),
  after(
    async () => {
      const elsewhere = await service().for(alice).create()
      let text = ''
      for await (const line of elsewhere.export()) text += line
      return text
    },
    'POST /sessions/import',
    'read commit commit restore read',
    (_, text) => ({ text, headers: { authorization: 'admin', 'content-type': 'application/jsonl' } }),
  ),
  row('GET /sessions/{id}/events', 'read messages'),
  row('POST /sessions/{id}/rewind', 'read commit', { body: { toSeq: 2 } }),
  row('GET /sessions/{id}/branches', 'read'),
  after(
    async (source) => source.rewind(2),
    'POST /sessions/{id}/branches/{branchId}/switch',
    'read commit',
    (_, { id }) => ({ params: { branchId: id } }),
  ),
  row('POST /sessions/{id}/fork', 'read read read read commit commit read', { body: {} }),
  after(
    async (_, theirs) => {
      const session = await theirs.for(anonymous).create()
      return { id: session.id, credential: await session.credential() }
    },
    'POST /sessions/{id}/fork (by nobody)',
    'read read read read commit commit',
    (_, { id, credential }) => ({ params: { id }, headers: { ...nobody, 'x-session-id': credential } }),
  ),
  row('GET /sessions/{id}/state', 'read'),
  row('PUT /sessions/{id}/state', 'read commit', { body: { a: 1 } }),
  row('PATCH /sessions/{id}/state', 'read commit', { body: { a: 1 } }),
  row('GET /sessions/{id}/preferences', 'read'),
  row('PATCH /sessions/{id}/preferences', 'read commit', { body: { a: 1 } }),
  row('GET /sessions/{id}/context', 'read read', { query: '?maxTokens=1000' }),
  row('GET /sessions/{id}/info', 'read read messages'),
  row('GET /sessions/{id}/cart', 'read'),
  row('POST /sessions/{id}/cart/items', 'read commit', { body: phone }),
  row('PATCH /sessions/{id}/cart/items/{itemId}', 'read commit', (session) => ({
    ...line(session),
    body: { quantity: 2 },
  })),
  row('DELETE /sessions/{id}/cart/items/{itemId}', 'read commit', line),
  row('DELETE /sessions/{id}/cart', 'read commit'),
  row('POST /sessions/{id}/cart/checkout', 'read commit'),
  row('GET /sessions/{id}/orders', 'read'),
  row('POST /sessions/{id}/transfer', 'read commit commit', { body: { mode: 'move' } }),
  row('GET /sessions/{id}/transfers', 'read'),
  after(transfer, 'DELETE /sessions/{id}/transfers/{transferId}', 'read commit', (_, { transferId }) => ({
    params: { transferId },
  })),
  after(
    waiting,
    'POST /sessions/{id}/transfers/{transferId}/approve',
    'read commit',
    (_, { transferId, matchCode }) => ({ params: { transferId }, body: { matchCode } }),
  ),
  after(waiting, 'POST /sessions/{id}/transfers/{transferId}/deny', 'read commit', (_, { transferId }) => ({
    params: { transferId },
  })),
  row('GET /transfers', ''),
  after(transfer, 'POST /transfers/describe', 'read read', (_, { secret }) => ({ body: { secret } })),
  row('GET /transfers/redeem', ''),
  after(transfer, 'POST /transfers/redeem', 'read read commit', (_, { secret }) => ({ body: { secret } })),
  row('GET /users/{userId}/consent', 'read', ofAlice),
  row('PUT /users/{userId}/consent', 'read read commit', {
    ...ofAlice,
    body: { purpose: 'analytics', granted: true, version: '1', source: 'page' },
  }),
  row('GET /users/{userId}/memory', 'read', ofAlice),
  row('DELETE /users/{userId}/memory', 'read list', ofAlice),
  row('DELETE /users/{userId}/memory/{factId}', 'read', {
    params: { ...ofAlice.params, factId: 'x' },
  }),
  // As SessionsPrivacy.erase.
  row('DELETE /users/{userId}', eraseCalls, ofAlice),
  after(
    async (_, theirs) => theirs.privacy.erase({ ...bob, by: 'bob', reason: 'article 17' }),
    'GET /users/{userId}/erasure',
    'read',
    () => ({ params: { userId: 'bob' }, headers: { authorization: 'admin' } }),
  ),
  // It is on record itself.
  row('GET /audit', 'commit list read messages', { headers: { authorization: 'admin' } }),
  row('GET /usage', 'list', { headers: { authorization: 'admin' } }),
  row('GET /analytics', 'list read messages', { headers: { authorization: 'admin' } }),
  row('GET /search/messages', 'list read', { query: '?q=one' }),
  row('GET /search/sessions', 'list read', { query: '?q=one' }),
]

describe('what each route calls the store for', () => {
  it.each(rows.map(({ route, calls, made }) => [route, calls === '' ? 'nothing' : calls, made] as const))(
    '%s: %s',
    async (_, calls, made) => {
      expect((await made()) || 'nothing').toBe(calls)
    },
  )

  it('has a row for every route there is', () => {
    const { paths } = createSessionApi(options(service({ audit, usage: {} }))).openApi as {
      paths: Record<string, object>
    }
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const covered = new Set(rows.map(({ route }) => route.split(' (')[0]))
    expect([...covered].toSorted()).toEqual(['GET /sessions/openapi.json', ...routes].toSorted())
  })
})
