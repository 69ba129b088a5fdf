import { CookieJar } from '@sessions/testkit'
import { describe, expect, it, vi } from 'vitest'
import { createSessionApi, guests, type SessionApiOptions } from '../../src/http.js'
import { createSessions, memoryStore, type SessionStore } from '../../src/index.js'
import { listen } from './node-server.js'

const secret = 'a secret that only these tests know'
const later = 'another secret that only these tests know'

/** Accounts sign in by a header; everybody else is a guest. */
async function serve({ secrets = [secret], store = memoryStore(), ...more }: Options = {}) {
  const sessions = createSessions({ store, credentialSecrets: [secret], onWarning: () => {} })
  const base = await listen(
    createSessionApi({
      sessions,
      identify: ({ headers }) => {
        const userId = headers.get('x-user') ?? undefined
        return { tenantId: headers.get('x-tenant') ?? 'acme', ...(userId === undefined ? {} : { userId }) }
      },
      guests: guests({ secrets }),
      onError: () => {},
      ...more,
    }),
  )
  return { base, sessions, store }
}
type Options = Partial<SessionApiOptions> & { secrets?: string[]; store?: SessionStore }

interface Json {
  readonly session: { readonly id: string }
  readonly sessions: { readonly items: readonly { readonly title: string }[] }
}

function visitor(base: string, jar = new CookieJar()) {
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await jar.fetch(base + path, {
      method,
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(text === '' ? '{}' : text) as Json,
    }
  }
  const make = async (title: string): Promise<string> =>
    (await send('POST', '/sessions', { title })).body.session.id
  const titles = async (headers?: Record<string, string>): Promise<string[]> =>
    (await send('GET', '/sessions', undefined, headers)).body.sessions.items.map(({ title }) => title)
  return { jar, send, make, titles }
}

const alice = { 'x-user': 'alice' }
const everything = (sessions: ReturnType<typeof createSessions>) =>
  sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()

describe('a guest', () => {
  it('has several sessions of their own, and nobody else’s', async () => {
    const { base } = await serve()
    const one = visitor(base)
    const other = visitor(base)
    const first = await one.make('first')
    await one.make('second')
    await other.make('theirs')
    expect((await one.titles()).toSorted()).toEqual(['first', 'second'])
    expect(await other.titles()).toEqual(['theirs'])
    expect((await other.send('GET', `/sessions/${first}`)).status).toBe(404)
    expect(
      (await one.send('POST', `/sessions/${first}/messages`, { messages: [{ content: 'Hi' }] })).status,
    ).toBe(201)
  })

  it('leaves no trace, and gets no cookie, without a session', async () => {
    const { base, sessions } = await serve()
    const looking = visitor(base)
    expect(await looking.titles()).toEqual([])
    expect((await looking.send('GET', '/sessions/unknown')).status).toBe(404)
    expect((await looking.send('POST', '/sessions', { tenantId: 'acme' })).headers.getSetCookie()).toEqual([])
    expect(looking.jar.cookies.size).toBe(0)
    expect((await everything(sessions)).items).toEqual([])
    const made = await looking.send('POST', '/sessions')
    expect(made.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^guest=[^;]+; Max-Age=34560000; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
    expect(made.headers.get('vary')).toContain('Cookie')
  })

  it('stays the same while secrets are rotated, and is nobody to who forges or plants a name', async () => {
    const store = memoryStore()
    const before = await serve({ store })
    const one = visitor(before.base)
    await one.make('mine')
    const old = one.jar.cookies.get('guest')!
    const rotated = await serve({ store, secrets: [later, secret] })
    const same = visitor(rotated.base, one.jar)
    expect(await same.titles()).toEqual(['mine'])
    await same.make('more')
    expect(one.jar.cookies.get('guest')).not.toBe(old)
    const after = await serve({ store, secrets: [later] })
    expect((await visitor(after.base, one.jar).titles()).toSorted()).toEqual(['mine', 'more'])
    const titlesOf = async (cookie: string, headers: Record<string, string> = {}) =>
      visitor(before.base).titles({ cookie, ...headers })
    expect(await titlesOf(`guest=${old}`)).toHaveLength(2)
    const [kid, ref, generation, signature] = old.split('.') as [string, string, string, string]
    for (const forged of [
      `${kid}.${ref}.${generation}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      `${kid}.${ref}.2.${signature}`,
      ref,
      '',
      'x'.repeat(5000),
    ]) {
      expect(await titlesOf(`guest=${forged}`)).toEqual([])
    }
    // Two names: one of them was planted by another site, and nobody can tell which.
    expect(await titlesOf(`guest=${old}; guest=${kid}`)).toEqual([])
    expect(await titlesOf(`guest=${old}`, { 'x-tenant': 'other' })).toEqual([])
  })

  it('is no holder of a session, and a holder is no guest, although one secret signs both', async () => {
    const { base, sessions } = await serve({ header: true })
    const one = visitor(base)
    const id = await one.make('mine')
    const guest = one.jar.cookies.get('guest')!
    const headers = { cookie: 'a=b', 'x-session-id': guest }
    expect((await visitor(base).send('GET', `/sessions/${id}`, undefined, headers)).status).toBe(404)
    const anonymous = await sessions.for({ tenantId: 'acme' }).create()
    const cookie = `guest=${await anonymous.credential()}`
    expect(await visitor(base).titles({ cookie })).toEqual([])
  })

  it('is begun by no page of another site, and not where no cookie may be set', async () => {
    const { base, sessions } = await serve()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://evil.example' },
    ]) {
      const refused = await visitor(base).send('POST', '/sessions', {}, headers)
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []])
    }
    vi.stubEnv('NODE_ENV', 'production')
    const production = await serve()
    vi.unstubAllEnvs()
    const plain = await visitor(production.base).send('POST', '/sessions', {})
    expect(plain.body).toMatchObject({ status: 500, code: 'insecure_transport' })
    for (const each of [sessions, production.sessions]) expect((await everything(each)).items).toEqual([])
  })

  it('counts as anonymous until a client knows the name, and makes one session by one key', async () => {
    const keys: string[] = []
    const limiter = {
      consume: async (key: string) => {
        keys.push(key)
        return { remainingPoints: 1, msBeforeNext: 1 }
      },
    }
    const { base, sessions } = await serve({ limiter })
    const key = { 'idempotency-key': 'a-key-of-thirty-two-characters-or-more' }
    const first = await visitor(base).send('POST', '/sessions', {}, key)
    const again = await visitor(base).send('POST', '/sessions', {}, key)
    expect(again.body).toEqual(first.body)
    expect(again.headers.getSetCookie()).toEqual(first.headers.getSetCookie())
    expect((await everything(sessions)).items).toHaveLength(1)
    expect((await visitor(base).send('POST', '/sessions', {}, { 'idempotency-key': 'short' })).status).toBe(
      400,
    )
    expect(new Set(keys)).toEqual(new Set([JSON.stringify(['acme', null])]))
    const known = visitor(base)
    await known.make('one')
    keys.length = 0
    await known.titles()
    expect(keys).toEqual([expect.stringMatching(/^\["acme","guest:[\w-]{24}"\]$/)])
  })
})

describe('a guest who signs in', () => {
  it('takes all sessions along, and nobody opens them with what was known before', async () => {
    const { base, sessions } = await serve()
    const one = visitor(base)
    const id = await one.make('first')
    for (let count = 0; count < 5; count++) await one.make(`more ${count}`)
    const spy = one.jar.cookies.get('guest')!
    const bound = await one.send('POST', `/sessions/${id}/bind`, undefined, alice)
    expect([bound.status, bound.body.session.id]).toEqual([200, id])
    expect(one.jar.cookies.has('guest')).toBe(false)
    expect(await one.titles(alice)).toHaveLength(6)
    const { items } = await everything(sessions)
    expect(new Set(items.map(({ userId }) => userId))).toEqual(new Set(['alice']))
    const cookie = { cookie: `guest=${spy}` }
    expect(await visitor(base).titles(cookie)).toEqual([])
    expect((await visitor(base).send('GET', `/sessions/${id}`, undefined, cookie)).status).toBe(404)
    // Signed out, the browser is a new guest.
    one.jar.cookies.clear()
    expect(await one.titles()).toEqual([])
  })

  it('does so once, however many requests do it at the same time', async () => {
    const { base, sessions } = await serve()
    const one = visitor(base)
    const id = await one.make('first')
    for (let count = 0; count < 5; count++) await one.make(`more ${count}`)
    const cookie = [...one.jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const bind = () => visitor(base).send('POST', `/sessions/${id}/bind`, undefined, { ...alice, cookie })
    const answers = await Promise.all([bind(), bind(), bind()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const credentials = answers.map(({ headers }) =>
      headers.getSetCookie().find((each) => each.startsWith('sessions=')),
    )
    expect(new Set(credentials).size).toBe(1)
    const { items } = await everything(sessions)
    expect(items.map(({ userId }) => userId)).toEqual(Array.from({ length: 6 }, () => 'alice'))
    expect((await visitor(base).send('GET', `/sessions/${id}`, undefined, { ...alice })).status).toBe(200)
  })

  it('gives nothing away by the id of somebody else’s session, nor without an account', async () => {
    const { base } = await serve()
    const one = visitor(base)
    const other = visitor(base)
    const id = await one.make('mine')
    const theirs = await other.make('theirs')
    expect((await one.send('POST', `/sessions/${theirs}/bind`, undefined, alice)).status).toBe(404)
    expect((await one.send('POST', `/sessions/${id}/bind`)).body).toMatchObject({ code: 'unauthenticated' })
    expect(await one.titles()).toEqual(['mine'])
    expect(await other.titles()).toEqual(['theirs'])
  })
})

it.each([
  [undefined, 'secrets'],
  [{ secrets: [] }, 'secrets'],
  [{ secrets: [undefined] }, 'secrets[0]'],
  [{ secrets: ['short'] }, 'secrets[0]'],
  [{ secrets: [secret], cookie: { name: 'a b' } }, 'cookie.name'],
  [{ secrets: [secret], secret }, 'secret'],
])('guests refuse %j', (options, path) => {
  expect(() => guests(options as never)).toThrow(expect.objectContaining({ code: 'invalid', path }))
})

it('an account that is named as a guest has none of the guest’s sessions, and takes none along', async () => {
  const { base, sessions, store } = await serve()
  const guest = visitor(base)
  await guest.make('of the guest')
  const { userId } = (await store.list({ tenantId: 'acme', limit: 1 })).items[0]!
  expect(userId).toMatch(/^guest:/)
  const thief = visitor(base)
  const named = { 'x-user': userId! }
  const refused = {
    status: 400,
    body: { code: 'invalid', detail: 'A user id that begins with "guest:" is that of a guest.' },
  }
  expect(await thief.send('GET', '/sessions', undefined, named)).toMatchObject(refused)
  expect(await thief.send('POST', '/sessions', { title: 'mine' }, named)).toMatchObject(refused)
  const own = await thief.make('of another guest')
  expect(await thief.send('POST', `/sessions/${own}/bind`, {}, named)).toMatchObject(refused)
  expect((await sessions.for({ tenantId: 'acme', userId: userId! }).list()).items).toHaveLength(1)
  expect(await guest.titles()).toEqual(['of the guest'])
})
