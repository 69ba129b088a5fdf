import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  copySessions,
  createSessions,
  memoryStore,
  SessionError,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '../src/index.js'
import { createSessionApi } from '../src/http.js'
import { encryptedStore, staticKeyring } from '../src/sealed.js'
import { listLog } from './analytics/list-log.js'
import { listIndex } from './search/list-index.js'
import { codeOf } from './service.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const dayMs = 86_400_000
const root = { tenantId: 'acme', userId: 'root', roles: ['admin'] }
const tenants = ['acme']
const bad = { tenantId: 'acme', userId: 'bad' }
const plainTerms = { id: 'plain', seal: (_tenantId: string, term: string) => term }

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]
const indexKey = randomBytes(32)
const rings = {
  whole: staticKeyring({ current: 'new', keys: { old: oldKey, new: newKey } }),
  old: staticKeyring({ current: 'old', keys: { old: oldKey } }),
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

/** Sessions of three users, sealed; that of `bad` was the last active one in the middle. */
async function scene() {
  let now = Date.UTC(2026, 0, 1)
  const inner = memoryStore({ clock: () => now })
  const sealed = (keyring = rings.whole) => encryptedStore(inner, { keyring, indexKey, cacheMs: 1 })
  const over = (options: SessionsOptions = {}, store: SessionStore = sealed()): Sessions =>
    createSessions({
      store,
      credentialSecrets,
      ttl: { idleMs: Infinity, absoluteMs: Infinity },
      onWarning: () => {},
      ...options,
    })
  const pass = (ms: number): void => void (now += ms)
  const make = async (userId: string, keyring = rings.whole): Promise<void> => {
    const session = await over({}, sealed(keyring))
      .for({ tenantId: 'acme', userId })
      .create({ id: userId, title: `of ${userId}` })
    await session.append({ role: 'user', content: `hello from ${userId}` })
    pass(180_000)
  }
  return { inner, sealed, over, make, pass }
}

/** What the body of `bad` says is changed in the database, or its key is destroyed. */
const damages = {
  changed: async ({ inner }: Awaited<ReturnType<typeof scene>>) => {
    const ref = { tenantId: 'acme', id: 'bad' }
    const { record, body } = (await inner.read(ref))!
    const end = body.endsWith('A') ? 'B' : 'A'
    await inner.commit(ref, { revision: record.revision, body: body.slice(0, -1) + end })
  },
  destroyed: async ({ sealed }: Awaited<ReturnType<typeof scene>>) => {
    await sealed().destroyKey(bad)
  },
}

async function damaged(how: keyof typeof damages) {
  const made = await scene()
  for (const userId of ['early', 'bad', 'late']) await made.make(userId)
  await damages[how](made)
  return made
}

describe.each(Object.keys(damages) as (keyof typeof damages)[])('a session that was %s', (how) => {
  it('does not keep retention from the others', async () => {
    const { over, pass } = await damaged(how)
    pass(2 * dayMs)
    const sessions = over({ retention: { messagesMs: dayMs } })
    expect(await sessions.sweep({ tenants })).toBe(2)
    for (const id of ['early', 'late'])
      expect((await (await sessions.for(root).get(id)).history()).messages).toEqual([])
  })

  it('is not counted, and the others are', async () => {
    const { over } = await damaged(how)
    for (const options of [{}, { analytics: { log: listLog() } }]) {
      const { total, complete } = await over(options).analytics({ tenantId: 'acme' })
      expect([total.sessions, total.engaged, complete]).toEqual([2, 2, true])
    }
  })

  it('is not found, and the others are, with an index and without', async () => {
    const { over } = await damaged(how)
    for (const options of [{}, { search: { index: listIndex(), terms: plainTerms } }]) {
      const sessions = over(options)
      await sessions.sweep({ tenants })
      const { items, complete } = await sessions.for(root).search({ text: 'hello' })
      expect(items.map(({ sessionId }) => sessionId)).toEqual(['late', 'early'])
      expect(complete).toBe(true)
    }
  })

  it('does not keep usage from being made good', async () => {
    const { over, make } = await damaged(how)
    await make('last')
    // Its process died before it wrote the usage down.
    const session = await over({ usage: { log: { append: async () => 0 } } })
      .for(root)
      .get('early')
    await session.turn('and?', () => [{ type: 'usage', inputTokens: 7 }, 'fine']).result
    const sessions = over({ usage: {} })
    await sessions.sweep({ tenants })
    expect((await sessions.usage({ tenantId: 'acme', from: 0 })).total.inputTokens).toBe(7)
  })

  it('is named by an export, which has the others, and can be imported', async () => {
    const { over } = await damaged(how)
    const text = await textOf(over().for(root).export())
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; id?: string })
    expect(lines.filter(({ type }) => type === 'unreadable')).toEqual([{ type: 'unreadable', id: 'bad' }])
    expect(lines.at(-1)).toMatchObject({ type: 'end', sessions: 2, messages: 2 })
    const { imported } = await createSessions().for(root).import([text])
    expect([...imported].toSorted()).toEqual(['early', 'late'])
  })

  it('is named by a copy, which has the others', async () => {
    const { sealed } = await damaged(how)
    const to = memoryStore()
    const { failures, complete } = await copySessions(sealed(), to, { tenants })
    expect(failures.map(({ id }) => id)).toEqual(['bad'])
    expect(complete).toBe(false)
    const { items } = await to.list({ tenantId: 'acme', limit: 9 })
    expect(items.map(({ id }) => id)).toEqual(['late', 'early'])
  })

  it('is deleted by its owner, over HTTP too, and by nobody else', async () => {
    for (const headers of [undefined, {}, { 'idempotency-key': 'a'.repeat(32) }]) {
      const { over, inner } = await damaged(how)
      const deleted: string[] = []
      const sessions = over({
        onEvent: ({ type, sessionId }) => void (type === 'session.deleted' && deleted.push(sessionId)),
      })
      const { handle } = createSessionApi({
        sessions,
        identify: (request) => ({ tenantId: 'acme', userId: request.headers.get('x-user')! }),
      })
      const code = async (userId: string) => {
        if (headers === undefined) return codeOf(sessions.for({ tenantId: 'acme', userId }).delete('bad'))
        const request = new Request('http://x/sessions/bad', {
          method: 'DELETE',
          headers: { ...headers, 'x-user': userId },
        })
        const answer = (await (await handle(request)).json()) as { code?: string; deleted?: boolean }
        return answer.deleted === true ? 'settled' : answer.code
      }
      const codes = [await code('late'), await code('bad'), await code('bad')]
      // A repeat with its key is told again what it did.
      const again = headers !== undefined && 'idempotency-key' in headers ? 'settled' : 'not_found'
      expect(codes).toEqual([expect.stringMatching(/corrupt|unknown_key/), 'settled', again])
      expect(deleted).toEqual(['bad'])
      const { items } = await inner.list({ tenantId: 'acme', limit: 9 })
      expect(items.map(({ id }) => id)).toEqual(['late', 'early'])
    }
  })

  it('is erased with its user', async () => {
    const made = await damaged(how)
    const { over, inner } = made
    const receipt = await over().privacy.erase({ ...bad, by: 'office', reason: 'article 17' })
    expect(receipt.counts).toMatchObject({ sessions: 1, messages: 1 })
    const { items } = await inner.list({ tenantId: 'acme', limit: 9 })
    expect(items.map(({ id }) => id)).toEqual(['late', 'early'])
  })
})

it.each([
  ['', {}],
  [', on record', { audit: { secrets: ['a secret of the audit that is long enough'] } }],
] as [string, SessionsOptions][])(
  'a user is erased whose key was destroyed before, with the record that nobody can read any more%s',
  async (_, options) => {
    const { over, sealed, inner } = await damaged('changed')
    const sessions = over({ consent: {}, ...options })
    const decision = { purpose: 'analytics', granted: true, version: '1', source: 'page' }
    await sessions.for(bad).consent.set(decision)
    await sealed().destroyKey(bad)
    const others = over({ consent: {}, ...options })
    expect(await codeOf(others.for(bad).create())).toBe('unknown_key')
    await others.privacy.erase({ ...bad, by: 'office', reason: 'article 17' })
    expect((await inner.list({ tenantId: 'acme', limit: 9 })).items).toHaveLength(2)
    expect(await codeOf(others.for(bad).create())).toBe('user_erased')
  },
)

describe('a session whose key the keyring of a process lacks', () => {
  // That process was not told of the newer key. Another one has it.
  const lacking = async () => {
    const made = await scene()
    for (const userId of ['early', 'late']) await made.make(userId, rings.old)
    await made.make('new')
    return { ...made, old: made.sealed(rings.old) }
  }

  it('does not keep retention from the others, and the sweep says so', async () => {
    const { over, old, pass } = await lacking()
    pass(2 * dayMs)
    const retention = { messagesMs: dayMs }
    expect(await codeOf(over({ retention }, old).sweep({ tenants }))).toBe('unknown_key')
    expect(await over({ retention }).sweep({ tenants })).toBe(1)
  })

  it('is passed over by nothing that would not come back to it', async () => {
    const { over, old } = await lacking()
    const search = { index: listIndex(), terms: plainTerms }
    await over({ search }, old).sweep({ tenants })
    const sessions = over({ search })
    await sessions.sweep({ tenants })
    const { items, complete } = await sessions.for(root).search({ text: 'hello' })
    expect(items.map(({ sessionId }) => sessionId)).toEqual(['new', 'late', 'early'])
    expect(complete).toBe(true)
    expect(await codeOf(over({}, old).analytics({ tenantId: 'acme' }))).toBe('unknown_key')
    expect(await codeOf(textOf(over({}, old).for(root).export()))).toBe('unknown_key')
  })

  it('is listed without its title', async () => {
    const { over, old } = await lacking()
    const { items } = await over({}, old).for(root).list()
    expect(items.map(({ id, title }) => [id, title])).toEqual([
      ['new', undefined],
      ['late', 'of late'],
      ['early', 'of early'],
    ])
  })

  it('does not keep the keys of others from being wrapped anew', async () => {
    const { inner, sealed } = await lacking()
    const third = randomBytes(32)
    const keyring = staticKeyring({ current: 'third', keys: { old: oldKey, third } })
    const store = encryptedStore(inner, { keyring, indexKey })
    const { done, failures } = await store.rewrapKeys({ tenantId: 'acme', limit: 100 })
    expect(done).toBe(2)
    expect(failures.map(({ tenantId, error }) => [tenantId, error.code])).toEqual([
      ['~keys:acme', 'unknown_key'],
    ])
    expect((await sealed().rewrapKeys({ tenantId: 'acme', limit: 100 })).failures).toHaveLength(2)
  })
})

it('a session that no list shows, because its record is damaged, takes nobody’s place', async () => {
  const inner = memoryStore()
  const isDamaged = (id: string): boolean => id === 'damaged'
  const store: SessionStore = {
    ...inner,
    read: async (ref, options) => {
      if (isDamaged(ref.id)) throw new SessionError('corrupt', 'The record is damaged.')
      return inner.read(ref, options)
    },
    list: async (query) => {
      const page = await inner.list(query)
      return { ...page, items: page.items.filter(({ id }) => !isDamaged(id)) }
    },
  }
  const alice = { tenantId: 'acme', userId: 'alice' }
  const limits = { maxSessionsPerUser: 2 }
  await createSessions({ store: inner, limits, credentialSecrets }).for(alice).create({ id: 'damaged' })
  const mine = createSessions({ store, limits, credentialSecrets }).for(alice)
  for (const id of ['one', 'two']) await mine.create({ id })
  expect(await codeOf(mine.create({ id: 'three' }))).toBe('limit_reached')
})
