import { describe, expect, it } from 'vitest'
import { bindSession, forgetSession, getSession, newSession, sessionsErrorHandler } from '../src/index.js'
import { chat, route, versions } from './chat.js'
import { browser, json, post, serve } from './server.js'

describe.each(versions)('%s', (_, express) => {
  it('replaces the credential when a visitor signs in, and takes it away when they sign out', async () => {
    const { app } = chat(express, {
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
    const { app, sessions } = chat(express)
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
    const { app, sessions } = chat(express, {
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
})
