import { CookieJar } from '@sessions/testkit'
import { expect, it } from 'vitest'
import { createSessionApi, guests } from '../../src/http.js'
import { createSessions } from '../../src/index.js'
import { listen } from './node-server.js'

const secret = 'a secret that only these tests know'

/** A service, and a visitor who has begun a session. */
async function serve() {
  const sessions = createSessions({ credentialSecrets: [secret] })
  const base = await listen(
    createSessionApi({
      sessions,
      identify: ({ headers }) => {
        const userId = headers.get('x-user') ?? undefined
        return { tenantId: 'acme', ...(userId === undefined ? {} : { userId }) }
      },
      guests: guests({ secrets: [secret] }),
      userRoutes: true,
    }),
  )
  const jar = new CookieJar()
  const send = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await jar.fetch(base + path, {
      method,
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    })
    return { status: response.status, body: (await response.json()) as Json, headers: response.headers }
  }
  const begin = async (headers?: Record<string, string>) => send('POST', '/sessions', headers)
  const guest = (await begin()).body.session.userId
  return { sessions, jar, send, begin, guest }
}

interface Json {
  readonly session: { readonly id: string; readonly userId: string }
  readonly sessions: { readonly items: readonly object[] }
}

it('a guest who erases themself goes on as another one, at once', async () => {
  const { jar, send, begin, guest } = await serve()
  expect((await send('DELETE', `/users/${encodeURIComponent(guest)}`)).status).toBe(200)
  expect([...jar.cookies.keys()]).toEqual([])
  const next = await begin()
  expect(next.status).toBe(201)
  expect(next.body.session.userId).not.toBe(guest)
  expect((await send('GET', '/sessions')).body.sessions.items).toHaveLength(1)
})

it.each([[undefined], [{ 'idempotency-key': 'k' }]])(
  'a guest whom the application has erased is told once, with %j',
  async (key) => {
    const { sessions, begin, guest, jar } = await serve()
    await sessions.privacy.erase({ tenantId: 'acme', userId: guest, by: 'operator', reason: 'asked for' })
    expect((await begin(key)).status).toBe(410)
    expect([...jar.cookies.keys()]).not.toContain('guest')
    const next = await begin()
    expect(next.status).toBe(201)
    expect(next.body.session.userId).not.toBe(guest)
  },
)

it('whoever is not erased, and whoever is signed in, keeps the name of the guest', async () => {
  const { sessions, send, begin, guest } = await serve()
  await sessions.privacy.erase({ tenantId: 'acme', userId: 'alice', by: 'operator', reason: 'asked for' })
  const alice = { 'x-user': 'alice' }
  expect((await begin(alice)).status).toBe(410)
  expect((await send('DELETE', '/users/alice', alice)).status).toBe(200)
  expect((await begin()).body.session.userId).toBe(guest)
})
