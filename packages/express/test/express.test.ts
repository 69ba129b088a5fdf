import { createSessions, SessionError, type SessionStore } from '@sessions/core'
import compression from 'compression'
import type { ErrorRequestHandler, Request } from 'express'
import expressSession from 'express-session'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  checkOrigin,
  findSession,
  getSession,
  sessionsErrorHandler,
  sessionsMiddleware,
} from '../src/index.js'
import { chat, route, versions } from './chat.js'
import { browser, countedSessions, json, post, serve } from './server.js'

afterEach(() => vi.unstubAllEnvs())

describe.each(versions)('%s', (_, express) => {
  it('remembers a caller by cookie', async () => {
    const { app } = chat(express)
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
    const { app } = chat(express, { header: true, cookie: false })
    const base = await serve(app)
    const first = await fetch(`${base}/chat`, post({ text: 'one' }))
    const credential = first.headers.get('x-session-id')!
    expect(first.headers.getSetCookie()).toEqual([])
    const again = await fetch(`${base}/history`, { headers: { 'x-session-id': credential } })
    expect((await json(again)).messages).toHaveLength(1)
    expect(again.headers.get('x-session-id')).toBeNull()
    expect(again.headers.get('vary')).toBe('X-Session-Id')
    const off = browser(await serve(chat(express).app))
    const ignored = await off('/found', { headers: { 'x-session-id': credential } })
    expect(await ignored.json()).toEqual({ id: null })
  })

  it('costs a route nothing that ignores the session', async () => {
    const { app, calls } = chat(express)
    const ann = browser(await serve(app))
    await ann('/chat', post({ text: 'one' }))
    calls.length = 0
    const response = await ann('/quiet')
    expect(calls).toEqual([])
    expect(response.headers.get('cache-control')).toBeNull()
  })

  it('leaves no session and no cookie after 1,000 looks without one', async () => {
    const { app, calls, sessions } = chat(express)
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
    const { app, sessions } = chat(express, { header: true })
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
    const { app, sessions } = chat(express)
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
    const { app, calls, sessions } = chat(express)
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
    const { app } = chat(express, { sessions: countedSessions({ store: down }).sessions })
    const response = await fetch(`${await serve(app)}/chat`, post({ text: 'one' }))
    expect(response.status).toBe(503)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.text()).not.toContain('secret')
  })

  it('has the write done before a redirect can be followed', async () => {
    const { app } = chat(express)
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
    const { app, sessions } = chat(express)
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
    const { app } = chat(express, {}, (target) => target.use(compression()))
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
      const { app } = chat(express, {}, (target) => {
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

  it('stores no session in production that nobody could open, and says how to mend it', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const warnings: string[] = []
    const { app, sessions } = chat(express, { onWarning: ({ code }) => warnings.push(code) })
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
    const { app } = chat(express)
    const theirs: unknown[] = []
    app.get('/broken', () => {
      throw new Error('theirs')
    })
    app.get('/missing', () => {
      throw Object.assign(new Error('No such product'), { status: 404, expose: true, type: 'product' })
    })
    app.use(sessionsErrorHandler())
    app.use(((error, _req, res, _next) => {
      theirs.push(error)
      res.status(500).end()
    }) as ErrorRequestHandler)
    const base = await serve(app)
    const bad = await fetch(`${base}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":',
    })
    expect([bad.status, bad.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(await bad.json()).toEqual({
      type: 'urn:sessions:problem:invalid',
      title: 'Invalid request',
      status: 400,
      code: 'invalid',
      detail: 'The body is not what its Content-Type says.',
      path: 'body',
    })
    const large = await fetch(`${base}/chat`, post({ text: 'x'.repeat(200_000) }))
    expect([large.status, await json(large)]).toMatchObject([
      413,
      { code: 'too_large', detail: expect.stringMatching(/larger than the parser/) as string },
    ])
    const packed = (encoding: string, charset = 'utf-8') => {
      const headers = { 'content-type': `application/json; charset=${charset}`, 'content-encoding': encoding }
      return fetch(`${base}/chat`, { method: 'POST', headers, body: '{"text":"x"}' })
    }
    const codes = [await packed('gzip'), await packed('odd'), await packed('identity', 'odd')].map(
      async (response) => [response.status, ((await response.json()) as { code: string }).code],
    )
    expect(await Promise.all(codes)).toEqual([
      [400, 'invalid'],
      [415, 'unsupported_media_type'],
      [415, 'unsupported_media_type'],
    ])
    expect((await fetch(`${base}/broken`)).status).toBe(500)
    expect((await fetch(`${base}/missing`)).status).toBe(500)
    expect(theirs).toMatchObject([{ message: 'theirs' }, { message: 'No such product' }])
  })

  it('turns an identify that throws into an error of the request', async () => {
    const { app } = chat(express, {
      identify: () => {
        throw new SessionError('unauthenticated', 'Sign in first.')
      },
    })
    const base = await serve(app)
    expect((await fetch(`${base}/chat`, post({ text: 'one' }))).status).toBe(401)
    expect((await fetch(`${base}/quiet`)).status).toBe(200)
  })
})

it.each<[string, unknown]>([
  ['sessions', { identify: () => ({ tenantId: 'acme' }) }],
  ['sessions', { identify: () => ({ tenantId: 'acme' }), sessions: Promise.resolve(createSessions()) }],
  ['sessions', undefined],
  ['identify', { sessions: createSessions() }],
  ['trustedOrigins', { trustedOrigins: 'https://shop.example' }],
  ['trustedOrigins', { trustedOrigins: ['https://shop.example/'] }],
  ['header', { header: 'false' }],
])('says at start which option is wrong: %s', (path, options) => {
  const refused = expect.objectContaining({ code: 'invalid', path }) as Error
  expect(() => sessionsMiddleware(options as never)).toThrow(refused)
  if (path === 'trustedOrigins' || path === 'header')
    expect(() => checkOrigin(options as never)).toThrow(refused)
})

it('says what is missing when the middleware is', async () => {
  await expect(getSession({} as Request)).rejects.toThrow('sessionsMiddleware() must run before')
})
