import { createSessions, type Identity } from '@sessions/core'
import { guests } from '@sessions/core/http'
import type { Express, Router } from 'express'
import { describe, expect, it } from 'vitest'
import {
  bindSession,
  callerSessions,
  forgetSession,
  getSession,
  newSession,
  sessionsErrorHandler,
  sessionsMiddleware,
} from '../src/index.js'
import { chat, route, versions } from './chat.js'
import { browser, json, post, serve } from './server.js'

const visitors = guests({ secrets: ['a secret that only these tests may know'] })
const hello = { role: 'user', content: 'Hi' } as const

/** Handlers of an application that stands in another one. */
const say = route(async (req, res) => {
  const session = await getSession(req)
  await session.append(hello)
  res.json({ id: session.id, tenant: session.tenantId, user: session.record.userId })
})

describe.each(versions)('%s', (_, express) => {
  it('has another service in an application that is mounted in this one', async () => {
    const inner = express()
    const sessions = createSessions()
    const identify = (): Identity => ({ tenantId: 'admin' })
    inner.use(sessionsMiddleware({ sessions, identify, guests: visitors, cookie: { name: 'admin' } }))
    inner.post('/say', say)
    const { app } = chat(express, { guests: visitors })
    app.use('/admin', inner)
    const ann = browser(await serve(app))
    const first = await ann('/admin/say', post({}))
    expect(await json(first)).toMatchObject({ tenant: 'admin' })
    expect(first.headers.getSetCookie().map((each) => each.split('=')[0])).toEqual(['guest', 'admin'])
    expect(await json(await ann('/found'))).toEqual({ id: null })
    const { id } = await json(await ann('/chat', post({ text: 'outer' })))
    expect(await json(await ann('/found'))).toEqual({ id })
  })

  it.each(['application', 'router'])(
    'has the outer service again for what the %s with another one leaves to its host',
    async (kind) => {
      const within = (tenantId: string, host: Router, name: string) => {
        const inside = kind === 'application' ? express() : (express.Router() as Express)
        const sessions = createSessions()
        inside.use(sessionsMiddleware({ sessions, identify: () => ({ tenantId }), cookie: { name } }))
        inside.use(
          '/deep',
          (kind === 'application' ? express() : express.Router()).post('/say', say) as never,
        )
        inside.post(`/${name}`, say)
        host.use(inside)
        return inside
      }
      const { app } = chat(express)
      const admin = within('admin', app, 'admin')
      within('audit', admin, 'audit')
      app.post('/say', say)
      const base = await serve(app)
      const tenantOf = async (path: string) => (await json(await fetch(base + path, post({}))))['tenant']
      for (const [path, tenant] of [
        ['/admin', 'admin'],
        ['/audit', 'audit'],
        ['/deep/say', 'admin'],
        ['/say', 'acme'],
      ] as const)
        expect(await tenantOf(path), path).toBe(tenant)
    },
  )

  it('is that of its host in an application that follows one with another service, or has two hosts', async () => {
    const inner = express()
    const sessions = createSessions()
    inner.use(
      sessionsMiddleware({ sessions, identify: () => ({ tenantId: 'admin' }), cookie: { name: 'admin' } }),
    )
    const follows = express().post('/say', say)
    const app = chat(express).app.use(inner, follows)
    expect(await json(await fetch(`${await serve(app)}/say`, post({})))).toMatchObject({ tenant: 'acme' })
    // Express knows the last host alone.
    const first = chat(express).app.use(follows)
    chat(express).app.use(follows)
    expect(await json(await fetch(`${await serve(first)}/say`, post({})))).toMatchObject({ tenant: 'acme' })
  })

  it('names one new guest to the caller, however many services have begun a session', async () => {
    const inner = express()
    const sessions = createSessions()
    const identify = (): Identity => ({ tenantId: 'acme' })
    inner.use(sessionsMiddleware({ sessions, identify, guests: visitors, cookie: { name: 'inner' } }))
    inner.post('/say', say)
    const { app } = chat(express, { guests: visitors })
    app.use(
      '/inner',
      route(async (req, _res) => {
        await (await getSession(req)).append(hello)
        req.next!()
      }),
      inner,
    )
    const made = await fetch(`${await serve(app)}/inner/say`, post({}))
    const cookies = made.headers.getSetCookie().map((each) => each.split(';')[0]!)
    expect(new Set(cookies.filter((each) => each.startsWith('guest='))).size).toBe(1)
    expect(new Set(cookies.map((each) => each.split('=')[0]))).toEqual(
      new Set(['guest', 'sessions', 'inner']),
    )
  })

  it('says so when two services have one cookie', async () => {
    const { app } = chat(express)
    const identify = (): Identity => ({ tenantId: 'admin' })
    app.use('/admin', sessionsMiddleware({ sessions: createSessions(), identify }))
    app.use(
      '/plain',
      sessionsMiddleware({ sessions: createSessions(), identify, cookie: false, header: true }),
    )
    app.post('/plain/say', say)
    const apart = (name: string) =>
      express().use(sessionsMiddleware({ sessions: createSessions(), identify, cookie: { name } }))
    app.use('/apart', apart('one'), apart('one'))
    app.use((error: Error, _req: unknown, res: { json: (body: object) => void }, _next: unknown) =>
      res.json({ said: error.message }),
    )
    const base = await serve(app)
    expect((await json(await fetch(`${base}/admin/x`)))['said']).toMatch(/cookie "sessions".*cookie\.name/)
    expect((await json(await fetch(`${base}/apart/x`)))['said']).toMatch(/cookie "one".*cookie\.name/)
    expect(await json(await fetch(`${base}/plain/say`, post({})))).toMatchObject({ tenant: 'admin' })
  })

  it('gives a session that a handler has looked at before its caller signed in', async () => {
    const { app } = chat(express, {
      identify: (req) => ({ tenantId: 'acme', userId: req.app.locals['user'] as string | undefined }),
    })
    app.post(
      '/login',
      route(async (req, res) => {
        const before = await getSession(req)
        req.app.locals['user'] = 'alice'
        res.json({
          before: before.id,
          bound: (await bindSession(req)).id,
          owner: (await callerSessions(req)).identity.userId,
        })
      }),
    )
    const ann = browser(await serve(app))
    const { id } = await json(await ann('/chat', post({ text: 'one' })))
    expect(await json(await ann('/login', post({})))).toEqual({ before: id, bound: id, owner: 'alice' })
    expect(await json(await ann('/found'))).toEqual({ id })
  })

  it.each([undefined, visitors])(
    'begins a session of nobody else once its caller has signed out: %j',
    async (named) => {
      const { app } = chat(express, {
        ...(named === undefined ? {} : { guests: named }),
        identify: (req) => ({ tenantId: 'acme', userId: req.app.locals['user'] as string | undefined }),
      })
      app.locals['user'] = 'alice'
      app.post(
        '/logout',
        route(async (req, res) => {
          const { userId } = (await getSession(req)).record
          req.app.locals['user'] = undefined
          forgetSession(req)
          const next = await newSession(req)
          await next.append(hello)
          res.json({ id: next.id, isSame: next.record.userId === userId })
        }),
      )
      const ann = browser(await serve(app))
      await ann('/chat', post({ text: 'one' }))
      const left = await json(await ann('/logout', post({})))
      expect(left['isSame']).toBe(false)
      expect(await json(await ann('/found'))).toEqual({ id: left['id'] })
    },
  )

  it('answers privately what it shows of a caller’s sessions', async () => {
    const { app } = chat(express, { guests: visitors })
    app.get(
      '/chats',
      route(async (req, res) => res.json((await (await callerSessions(req)).list()).items)),
    )
    app.use(sessionsErrorHandler())
    const { headers } = await fetch(`${await serve(app)}/chats`)
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['no-store', 'Cookie'])
  })
})

it('refuses guests and sessions in one cookie at the start', () => {
  const options = { sessions: createSessions(), identify: () => ({ tenantId: 'acme' }), guests: visitors }
  expect(() => sessionsMiddleware({ ...options, cookie: { name: 'guest' } })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'cookie.name' }),
  )
})
