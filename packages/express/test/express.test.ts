import { SessionError, type SessionStore } from '@sessions/core'
import compression from 'compression'
import express5, { type Express, type Request } from 'express'
// @ts-expect-error Its types are those of Express 5, under another name.
import express4 from 'express4'
import expressSession from 'express-session'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  bindSession,
  checkOrigin,
  findSession,
  forgetSession,
  getSession,
  newSession,
  sessionsErrorHandler,
  sessionsMiddleware,
  type SessionsMiddlewareOptions,
} from '../src/index.js'
import { browser, countedSessions, json, post, serve } from './server.js'

const versions = [
  ['Express 5', express5],
  ['Express 4', express4 as typeof express5],
] as const

afterEach(() => vi.unstubAllEnvs())

/** Express 4 does not await handlers; what a user of it writes, once. */
const route =
  (handler: (req: Request, res: express5.Response) => Promise<unknown>): express5.RequestHandler =>
  (req, res, next) =>
    void handler(req, res).catch(next)

describe.each(versions)('%s', (_, express) => {
  function chat(options: Partial<SessionsMiddlewareOptions> = {}, before?: (app: Express) => void) {
    const counted = countedSessions()
    const app = express()
    before?.(app)
    app.use(
      sessionsMiddleware({ sessions: counted.sessions, identify: () => ({ tenantId: 'acme' }), ...options }),
    )
    app.use(express.json())
    app.get('/quiet', (_req, res) => void res.json({ ok: true }))
    app.get(
      '/history',
      route(async (req, res) => res.json(await (await getSession(req)).history())),
    )
    app.get(
      '/found',
      route(async (req, res) => res.json({ id: (await findSession(req))?.id ?? null })),
    )
    app.get(
      '/sessions/:id',
      route(async (req, res) => res.json(await (await getSession(req, String(req.params['id']))).history())),
    )
    app.post(
      '/chat',
      route(async (req, res) => {
        const session = await getSession(req)
        await session.append({ role: 'user', content: (req.body as { text: string }).text })
        res.json({ id: session.id, count: (await session.history()).messages.length })
      }),
    )
    app.use(sessionsErrorHandler())
    return { app, ...counted }
  }

  it('remembers a caller by cookie', async () => {
    const { app } = chat()
    const ann = browser(await serve(app))
    const first = await ann('/chat', post({ text: 'one' }))
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sessions=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/),
    ])
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect(first.headers.get('vary')).toBe('Cookie')
    const second = await ann('/chat', post({ text: 'two' }))
    expect(second.headers.getSetCookie()).toEqual([])
    expect(await second.json()).toMatchObject({ count: 2 })
    const ben = browser(await serve(app))
    expect(await (await ben('/chat', post({ text: 'mine' }))).json()).toMatchObject({ count: 1 })
  })

  it('remembers a caller by X-Session-Id where that is on, and sets no cookie where that is off', async () => {
    const { app } = chat({ header: true, cookie: false })
    const base = await serve(app)
    const first = await fetch(`${base}/chat`, post({ text: 'one' }))
    const credential = first.headers.get('x-session-id')!
    expect(first.headers.getSetCookie()).toEqual([])
    const again = await fetch(`${base}/history`, { headers: { 'x-session-id': credential } })
    expect((await json(again)).messages).toHaveLength(1)
    expect(again.headers.get('x-session-id')).toBeNull()
    expect(again.headers.get('vary')).toBe('X-Session-Id')
    const off = browser(await serve(chat().app))
    const ignored = await off('/found', { headers: { 'x-session-id': credential } })
    expect(await ignored.json()).toEqual({ id: null })
  })

  it('costs a route nothing that ignores the session', async () => {
    const { app, calls } = chat()
    const ann = browser(await serve(app))
    await ann('/chat', post({ text: 'one' }))
    calls.length = 0
    const response = await ann('/quiet')
    expect(calls).toEqual([])
    expect(response.headers.get('cache-control')).toBeNull()
  })

  it('leaves no session and no cookie after 1,000 looks without one', async () => {
    const { app, calls, sessions } = chat()
    const base = await serve(app)
    for (let batch = 0; batch < 20; batch++) {
      const responses = await Promise.all(
        Array.from({ length: 50 }, (_unused, index) =>
          fetch(base + ['/history', '/found', '/quiet'][index % 3]!),
        ),
      )
      for (const response of responses) {
        expect(response.status).toBe(200)
        expect(response.headers.getSetCookie()).toEqual([])
        await response.arrayBuffer()
      }
    }
    expect(calls).toEqual([])
    const everything = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()
    expect(everything.items).toEqual([])
  })

  it('makes no session of an id or credential that a client made up', async () => {
    const { app, sessions } = chat({ header: true })
    const base = await serve(app)
    const made = ['support-123', 'x'.repeat(24), 'aaaaaaaa.WyJhY21lIiwieCIsImkiXQ.1.c2ln', '../etc', 'a, b']
    for (const value of made) {
      for (const headers of [{ 'x-session-id': value }, { cookie: `sessions=${value}` }]) {
        const response = await fetch(`${base}/found`, { headers })
        expect(await response.json()).toEqual({ id: null })
      }
      const adopted = await fetch(`${base}/chat?sessionId=${encodeURIComponent(value)}`, {
        ...post({ text: 'hi', sessionId: value, id: value }),
        headers: { 'content-type': 'application/json', 'x-session-id': value },
      })
      expect((await json(adopted)).id).not.toBe(value)
    }
    const { items } = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list({ limit: 200 })
    for (const { id } of items) expect(made).not.toContain(id)
  })

  it('answers unknown, foreign, deleted and unusable ids alike', async () => {
    const { app, sessions } = chat()
    const base = await serve(app)
    const admin = sessions.for({ tenantId: 'acme', roles: ['admin'] })
    await sessions.for({ tenantId: 'acme', userId: 'bob' }).create({ id: 'foreign' })
    await sessions.for({ tenantId: 'acme' }).create({ id: 'anonymous' })
    await admin.create({ id: 'deleted' })
    await admin.delete('deleted')
    const ann = browser(base)
    const own = (await (await ann('/chat', post({ text: 'mine' }))).json()) as { id: string }
    expect((await ann(`/sessions/${own.id}`)).status).toBe(200)
    const answers = await Promise.all(
      ['unknown', 'foreign', 'anonymous', 'deleted'].map(async (id) => {
        const response = await ann(`/sessions/${id}`)
        const headers = Object.fromEntries(response.headers)
        delete headers['date']
        return { status: response.status, headers, body: await response.text() }
      }),
    )
    expect(answers[0]).toMatchObject({
      status: 404,
      headers: { 'content-type': expect.stringContaining('problem+json') },
    })
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  it('reads the store once for a request, however often it is asked and mounted', async () => {
    const { app, calls, sessions } = chat()
    app.use(sessionsMiddleware({ sessions, identify: () => ({ tenantId: 'other' }) }))
    app.get(
      '/many',
      route(async (req, res) => {
        const found = await Promise.all([
          findSession(req),
          getSession(req),
          getSession(req),
          findSession(req),
        ])
        res.json({ same: new Set(found).size })
      }),
    )
    const ann = browser(await serve(app))
    await ann('/chat', post({ text: 'one' }))
    calls.length = 0
    expect(await (await ann('/many')).json()).toEqual({ same: 1 })
    expect(calls).toEqual(['read'])
  })

  it('sets no cookie for a session the store did not take, and answers 503', async () => {
    const down = new Proxy({} as SessionStore, {
      get: () => () => Promise.reject(new SessionError('unavailable', 'redis://user:secret@db is down')),
    })
    const { app } = chat({ sessions: countedSessions({ store: down }).sessions })
    const response = await fetch(`${await serve(app)}/chat`, post({ text: 'one' }))
    expect(response.status).toBe(503)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.text()).not.toContain('secret')
  })

  it('has the write done before a redirect can be followed', async () => {
    const { app } = chat()
    app.post(
      '/go',
      route(async (req, res) => {
        await (await getSession(req)).append({ role: 'user', content: 'first' })
        res.redirect(303, '/history')
      }),
    )
    const ann = browser(await serve(app))
    for (let round = 1; round <= 100; round++) {
      const response = await ann('/go', { method: 'POST' })
      const { messages } = (await (await ann(response.headers.get('location')!)).json()) as {
        messages: unknown[]
      }
      expect(messages).toHaveLength(Math.min(round, 50))
    }
  })

  it('says so when a draft is first written to after the first byte, and stores nothing', async () => {
    const { app, sessions } = chat()
    const codes: string[] = []
    app.get(
      '/late',
      route(async (req, res) => {
        const session = await getSession(req)
        res.write('begun')
        await session
          .append({ role: 'user', content: 'late' })
          .catch((error: { code: string }) => codes.push(error.code))
        res.end()
      }),
    )
    await (await fetch(`${await serve(app)}/late`)).text()
    expect(codes).toEqual(['headers_sent'])
    expect((await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()).items).toEqual([])
  })

  it('goes on appending to a stored session while a response streams', async () => {
    const { app } = chat({}, (target) => target.use(compression()))
    app.get(
      '/stream',
      route(async (req, res) => {
        const session = await getSession(req)
        await session.append({ role: 'user', content: 'question' })
        res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform' })
        for (const part of ['a', 'b']) {
          res.write(`data: ${part}\n\n`)
          await session.append({ role: 'assistant', content: part })
        }
        res.end()
      }),
    )
    const ann = browser(await serve(app))
    expect(await (await ann('/stream')).text()).toBe('data: a\n\ndata: b\n\n')
    expect((await json(await ann('/history'))).messages).toHaveLength(3)
  })

  it("lives beside express-session and leaves req.session and other people's cookies alone", async () => {
    for (const order of ['before', 'after']) {
      const others = expressSession({ secret: 'x', resave: false, saveUninitialized: true, name: 'theirs' })
      const { app } = chat({}, (target) => {
        if (order === 'before') target.use(others as never)
      })
      if (order === 'after') app.use(others as never)
      app.get(
        '/both',
        route(async (req, res) => {
          const theirs = (req as unknown as { session: { visits?: number } }).session
          theirs.visits = (theirs.visits ?? 0) + 1
          const session = await getSession(req)
          await session.append({ role: 'user', content: 'hi' })
          res.cookie('third', 'x')
          res.json({ visits: theirs.visits, messages: (await session.history()).messages.length })
        }),
      )
      const ann = browser(await serve(app))
      const first = await ann('/both')
      expect(
        first.headers
          .getSetCookie()
          .map((line) => line.split('=')[0])
          .toSorted(),
      ).toEqual(['sessions', 'theirs', 'third'])
      expect(await (await ann('/both')).json()).toEqual({ visits: 2, messages: 2 })
    }
  })

  it('replaces the credential when a visitor signs in, and takes it away when they sign out', async () => {
    const { app } = chat({
      identify: (req) => ({
        tenantId: 'acme',
        ...(req.get('x-user') === undefined ? {} : { userId: req.get('x-user')! }),
      }),
    })
    app.post(
      '/login',
      route(async (req, res) => res.json({ id: (await bindSession(req)).id })),
    )
    app.post('/logout', (req, res) => {
      forgetSession(req)
      res.json({})
    })
    app.use(sessionsErrorHandler())
    const base = await serve(app)
    const first = await fetch(`${base}/chat`, post({ text: 'one' }))
    const old = first.headers.getSetCookie()[0]!.split(';')[0]!
    const login = await fetch(`${base}/login`, {
      method: 'POST',
      headers: { cookie: old, 'x-user': 'alice' },
    })
    const fresh = login.headers.getSetCookie()[0]!.split(';')[0]!
    expect(fresh).not.toBe(old)
    const found = async (cookie: string, user?: string) =>
      (
        await json(
          await fetch(`${base}/found`, {
            headers: { cookie, ...(user === undefined ? {} : { 'x-user': user }) },
          }),
        )
      ).id
    expect(await found(fresh, 'alice')).toBe((await json(login)).id)
    for (const [cookie, user] of [[old, 'alice'], [old], [fresh], [fresh, 'bob']] as const) {
      expect(await found(cookie, user)).toBeNull()
    }
    const nobody = await fetch(`${base}/login`, { method: 'POST', headers: { 'x-user': 'alice' } })
    expect(nobody.status).toBe(404)
    const logout = await fetch(`${base}/logout`, {
      method: 'POST',
      headers: { cookie: fresh, 'x-user': 'alice' },
    })
    expect(logout.headers.getSetCookie()).toEqual(['sessions=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'])
  })

  it('begins anew when told to, and leaves the session there was', async () => {
    const { app, sessions } = chat()
    app.post(
      '/new',
      route(async (req, res) => {
        const session = await newSession(req)
        await session.append({ role: 'user', content: 'anew' })
        res.json({ id: session.id, same: (await getSession(req)).id === session.id })
      }),
    )
    const ann = browser(await serve(app))
    const first = await json(await ann('/chat', post({ text: 'one' })))
    const second = await json(await ann('/new', { method: 'POST' }))
    expect(second).toMatchObject({ same: true })
    expect(second['id']).not.toBe(first['id'])
    expect(await json(await ann('/found'))).toEqual({ id: second['id'] })
    const { items } = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()
    expect(items).toHaveLength(2)
  })

  it('lets a signed-in caller name a session of theirs by its public id in the header', async () => {
    const { app, sessions } = chat({
      header: true,
      identify: (req) => ({ tenantId: 'acme', userId: req.get('x-user') ?? 'alice' }),
    })
    await sessions.for({ tenantId: 'acme', userId: 'alice' }).create({ id: 'support-123' })
    const base = await serve(app)
    const found = async (user: string) =>
      (
        await json(
          await fetch(`${base}/found`, { headers: { 'x-session-id': 'support-123', 'x-user': user } }),
        )
      ).id
    expect(await found('alice')).toBe('support-123')
    expect(await found('bob')).toBeNull()
  })

  it('stores no session in production that nobody could open, and says how to mend it', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const warnings: string[] = []
    const { app, sessions } = chat({ onWarning: ({ code }) => warnings.push(code) })
    const base = await serve(app)
    const forwarded = { 'content-type': 'application/json', 'x-forwarded-proto': 'https' }
    for (let round = 0; round < 10; round++) {
      const response = await fetch(`${base}/chat`, { ...post({ text: 'one' }), headers: forwarded })
      expect(response.status).toBe(500)
      expect(await response.json()).toMatchObject({
        code: 'insecure_transport',
        detail: expect.stringContaining('trust proxy'),
      })
      expect(response.headers.getSetCookie()).toEqual([])
    }
    expect((await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()).items).toEqual([])
    expect(warnings).toEqual(['insecure_transport'])
    app.set('trust proxy', 1)
    const trusted = await fetch(`${base}/chat`, { ...post({ text: 'one' }), headers: forwarded })
    expect(trusted.headers.getSetCookie()[0]).toMatch(/^__Host-sessions=.*; Secure;/)
  })

  it('hands over a session whose write is not awaited', async () => {
    const { app, sessions } = chat()
    app.post(
      '/careless',
      route(async (req, res) => {
        const session = await getSession(req)
        const writing = session.append({ role: 'user', content: 'not awaited' })
        res.json({ id: session.id })
        await writing
      }),
    )
    const base = await serve(app)
    for (let round = 0; round < 10; round++) {
      const ann = browser(base)
      const made = await json(await ann('/careless', { method: 'POST' }))
      await vi.waitFor(async () => expect(await json(await ann('/found'))).toEqual(made))
    }
    const { items } = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()
    expect(items).toHaveLength(10)
  })

  it('makes no session out of writes that meet a sign-in', async () => {
    const { app, sessions } = chat({
      identify: (req) => ({
        tenantId: 'acme',
        ...(req.get('x-user') === undefined ? {} : { userId: req.get('x-user')! }),
      }),
    })
    app.post(
      '/login',
      route(async (req, res) => res.json({ id: (await bindSession(req)).id })),
    )
    app.use(sessionsErrorHandler())
    const base = await serve(app)
    const first = await fetch(`${base}/chat`, post({ text: 'one' }))
    const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!
    const login = fetch(`${base}/login`, { method: 'POST', headers: { cookie, 'x-user': 'alice' } })
    const writes = await Promise.all(
      Array.from({ length: 20 }, async (_unused, n) => {
        if (n > 9) await login
        const headers = {
          'content-type': 'application/json',
          cookie,
          ...(n % 2 === 0 ? {} : { 'x-user': 'alice' }),
        }
        return fetch(`${base}/chat`, { ...post({ text: `${n}` }), headers })
      }),
    )
    expect((await login).headers.getSetCookie()).toHaveLength(1)
    for (const { status, headers } of writes) {
      expect([200, 404]).toContain(status)
      expect(headers.getSetCookie()).toEqual([])
    }
    expect(writes.slice(10).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 404))
    const { items } = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()
    expect(items).toHaveLength(1)
  })

  it('begins no session for a page of another site', async () => {
    const { app, sessions } = chat({ trustedOrigins: ['https://shop.example'] })
    const base = await serve(app)
    const send = (headers: Record<string, string>) =>
      fetch(`${base}/chat`, {
        ...post({ text: 'one' }),
        headers: { 'content-type': 'application/json', ...headers },
      })
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://sub.example' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const refused = await send(headers as Record<string, string>)
      expect(refused.status).toBe(403)
      expect(refused.headers.getSetCookie()).toEqual([])
    }
    expect((await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()).items).toEqual([])
    for (const headers of [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' },
      { origin: base },
    ]) {
      expect((await send(headers as Record<string, string>)).headers.getSetCookie()).toHaveLength(1)
    }
  })

  it('keeps pages of other sites from acting for their visitors, in one line', async () => {
    const { app } = chat({}, (target) =>
      target.use(checkOrigin({ trustedOrigins: ['https://shop.example'] })),
    )
    app.post('/done', (_req, res) => void res.json({}))
    app.use(sessionsErrorHandler())
    const base = await serve(app)
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${base}/done`, { method: 'POST', headers: { cookie: 'a=b', ...headers } })).status
    expect(await status({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await status({ origin: 'https://evil.example' })).toBe(403)
    expect(await status({})).toBe(403)
    expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await status({ origin: 'https://shop.example' })).toBe(200)
    app.set('trust proxy', 1)
    const forwarded = { origin: 'https://app.example', 'x-forwarded-host': 'app.example' }
    expect(await status(forwarded)).toBe(200)
  })

  it('sets the cookie on the root path wherever it is mounted, before or after the body parser', async () => {
    const { sessions } = countedSessions()
    const app = express()
    const router = express.Router()
    app.use(express.json())
    router.use(sessionsMiddleware({ sessions, identify: () => ({ tenantId: 'acme' }) }))
    router.post(
      '/chat',
      route(async (req, res) => {
        await (await getSession(req)).append({ role: 'user', content: (req.body as { text: string }).text })
        res.json({})
      }),
    )
    app.use('/api/v1', router)
    const response = await fetch(`${await serve(app)}/api/v1/chat`, post({ text: 'one' }))
    expect(response.headers.getSetCookie()[0]).toContain('Path=/;')
  })

  it('answers what Express itself could not read, and hands on what is not ours', async () => {
    const { app } = chat()
    const theirs: unknown[] = []
    app.get('/broken', () => {
      throw new Error('theirs')
    })
    app.use(sessionsErrorHandler())
    app.use(((error, _req, res, _next) => {
      theirs.push(error)
      res.status(500).end()
    }) as express5.ErrorRequestHandler)
    const base = await serve(app)
    const bad = await fetch(`${base}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":',
    })
    expect(bad.status).toBe(400)
    expect(await bad.json()).toEqual({
      type: 'urn:sessions:problem:invalid',
      title: 'Invalid request',
      status: 400,
      code: 'invalid',
    })
    const large = await fetch(`${base}/chat`, post({ text: 'x'.repeat(200_000) }))
    expect(large.status).toBe(413)
    expect((await fetch(`${base}/broken`)).status).toBe(500)
    expect(theirs).toHaveLength(1)
  })

  it('turns an identify that throws into an error of the request', async () => {
    const { app } = chat({
      identify: () => {
        throw new SessionError('unauthenticated', 'Sign in first.')
      },
    })
    const base = await serve(app)
    expect((await fetch(`${base}/chat`, post({ text: 'one' }))).status).toBe(401)
    expect((await fetch(`${base}/quiet`)).status).toBe(200)
  })
})

it('says what is missing when the middleware is', async () => {
  await expect(getSession({} as Request)).rejects.toThrow('sessionsMiddleware() must run before')
})
