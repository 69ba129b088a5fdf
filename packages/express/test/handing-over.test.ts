import type { SessionRecord } from '@sessions/core'
import type { Response } from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bindSession, checkOrigin, getSession, sessionsErrorHandler } from '../src/index.js'
import { chat, route, versions } from './chat.js'
import { browser, countedSessions, json, post, serve } from './server.js'

afterEach(() => vi.unstubAllEnvs())

describe.each(versions)('%s', (_, express) => {
  it('hands over a session whose write is not awaited', async () => {
    const { app, sessions } = chat(express)
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

  // The service pauses within a long check, so that other requests are answered. The handler does not wait for that.
  it('hands over a session whose write is not awaited, however long its messages take to check', async () => {
    const { sessions } = countedSessions({
      countTokens: () => {
        for (const until = performance.now() + 12; performance.now() < until;);
        return 1
      },
    })
    const refused: unknown[] = []
    const { app } = chat(express, { sessions })
    app.post(
      '/careless',
      route(async (req, res) => {
        const session = await getSession(req)
        const texts = ['one', 'two', 'three', req.query['last'] as string]
        const writing = session.append(texts.map((content) => ({ role: 'user', content })))
        res.json({ id: session.id })
        await writing.catch((error: unknown) => refused.push(error))
      }),
    )
    const base = await serve(app)
    const ann = browser(base)
    const made = await json(await ann('/careless?last=four', { method: 'POST' }))
    await vi.waitFor(async () => expect(await json(await ann('/found'))).toEqual(made))
    expect(await json(await ann('/history'))).toMatchObject({ messages: [{}, {}, {}, { content: 'four' }] })

    await browser(base)('/careless?last=', { method: 'POST' })
    await vi.waitFor(() => expect(refused).toMatchObject([{ code: 'invalid', path: 'messages[3].content' }]))
    const { items } = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()
    expect(items.map(({ id }) => id)).toEqual([made['id']])
  })

  it.each<[string, (res: Response) => unknown]>([
    ['setHeader', (res) => res.setHeader('Set-Cookie', 'theme=dark').json({})],
    ['set', (res) => res.set('Set-Cookie', ['theme=dark', 'size=big']).json({})],
    ['removeHeader', (res) => (res.removeHeader('Set-Cookie'), res.cookie('theme', 'dark').json({}))],
    ['writeHead', (res) => res.writeHead(200, { 'set-cookie': 'theme=dark' }).end()],
    ['writeHead with a reason', (res) => res.writeHead(200, 'Fine', { 'Set-Cookie': ['theme=dark'] }).end()],
    ['a cookie of its own', (res) => res.cookie('theme', 'dark').json({})],
    ['writeHead without cookies', (res) => res.cookie('theme', 'dark').writeHead(200, { a: 'b' }).end()],
  ])('loses no session to code that sets cookies after it by %s', async (_name, answer) => {
    const { app } = chat(express)
    app.post(
      '/themed',
      route(async (req, res) => {
        await (await getSession(req)).append({ role: 'user', content: 'Hi' })
        answer(res)
      }),
    )
    const ann = browser(await serve(app))
    const said = await ann('/themed', { method: 'POST' })
    const names = said.headers.getSetCookie().map((each) => each.split('=')[0])
    expect(names).toContain('theme')
    expect(names.filter((name) => name === 'sessions')).toHaveLength(1)
    expect((await json(await ann('/history')))['messages']).toHaveLength(1)
  })

  it('makes no session out of writes that meet a sign-in', async () => {
    const { app, sessions } = chat(express, {
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
    const all = sessions.for({ tenantId: 'acme', roles: ['admin'] })
    const [{ lastSeq: each }] = (await all.list()).items as [SessionRecord]
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
    // Whoever was told so has said something, and nobody else.
    const said = writes.filter(({ status }) => status === 200).length
    expect((await all.list()).items.map(({ lastSeq }) => lastSeq)).toEqual([each * (1 + said)])
  })

  it('begins no session for a page of another site', async () => {
    const { app, sessions } = chat(express, { trustedOrigins: ['https://shop.example'] })
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
      const refused = await send(headers)
      expect(refused.status).toBe(403)
      expect(refused.headers.getSetCookie()).toEqual([])
    }
    expect((await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()).items).toEqual([])
    for (const headers of [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' },
      { origin: base },
    ]) {
      expect((await send(headers)).headers.getSetCookie()).toHaveLength(1)
    }
  })

  it('keeps pages of other sites from acting for their visitors, in one line', async () => {
    const { app } = chat(express, {}, (target) =>
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
})
