import { guests } from '@sessions/core/http'
import { describe, expect, it } from 'vitest'
import { bindSession, callerSessions, forgetSession, getSession, sessionsErrorHandler } from '../src/index.js'
import { chat, route, versions } from './chat.js'
import { browser, json, post, serve } from './server.js'

const accounts = {
  identify: (req: { get: (name: string) => string | undefined }) => ({
    tenantId: 'acme',
    ...(req.get('x-user') === undefined ? {} : { userId: req.get('x-user')! }),
  }),
}

describe.each(versions)('guests on %s', (_, express) => {
  async function open() {
    const { app, sessions } = chat(express, {
      ...accounts,
      guests: guests({ secrets: ['a secret that only this test knows'] }),
    })
    app.post(
      '/chats',
      route(async (req, res) => {
        // Not awaited, as the careless do it.
        const making = (await callerSessions(req)).create({
          title: (req.body as { title: string }).title,
        })
        if (req.query['late'] !== undefined) res.write(' ')
        await making.then(
          () => (req.query['late'] === undefined ? res.json({}) : res.end('made')),
          (error: Error) => res.end((error as { code?: string }).code),
        )
      }),
    )
    app.get(
      '/chats',
      route(async (req, res) => {
        const { items } = await (await callerSessions(req)).list()
        res.json({ titles: items.map(({ title }) => title ?? '') })
      }),
    )
    app.post(
      '/login',
      route(async (req, res) => {
        // The route has looked before it knew who signs in.
        await getSession(req)
        req.headers['x-user'] = 'alice'
        res.json({ id: (await bindSession(req)).id })
      }),
    )
    app.post('/logout', (req, res) => {
      forgetSession(req)
      res.json({})
    })
    app.use(sessionsErrorHandler())
    const stored = async () => (await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()).items
    return { base: await serve(app), stored }
  }

  it('have several sessions, one of which is that of the request, and take them along', async () => {
    const { base, stored } = await open()
    const go = browser(base)
    for (const path of ['/chats', '/history', '/found']) {
      expect((await go(path)).headers.getSetCookie()).toEqual([])
    }
    expect(await stored()).toEqual([])
    const said = await go('/chat', post({ text: 'one' }))
    expect(said.headers.getSetCookie().map((each) => each.split('=')[0])).toEqual(['guest', 'sessions'])
    const { id } = await json(said)
    await go('/chats', post({ title: 'second' }))
    expect(await json(await go('/found'))).toEqual({ id })
    expect(((await json(await go('/chats')))['titles'] as string[]).toSorted()).toEqual(['', 'second'])
    expect(await json(await browser(base)('/chats'))).toEqual({ titles: [] })

    const signed = await go('/login', post({}))
    expect(await json(signed)).toEqual({ id })
    const alice = { headers: { 'x-user': 'alice' } }
    expect(await json(await go('/found', alice))).toEqual({ id })
    expect(((await json(await go('/chats', alice)))['titles'] as string[]).toSorted()).toEqual(['', 'second'])
    expect((await stored()).map(({ userId }) => userId)).toEqual(['alice', 'alice'])
    expect(await json(await go('/chats'))).toEqual({ titles: [] })
  })

  it('make no session that their answer cannot name them for', async () => {
    const { base, stored } = await open()
    const late = await browser(base)('/chats?late', post({ title: 'late' }))
    expect((await late.text()).trim()).toBe('headers_sent')
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' }
    const foreign = await fetch(`${base}/chats`, { ...post({ title: 'foreign' }), headers })
    expect([await foreign.text(), foreign.headers.getSetCookie()]).toEqual(['forbidden', []])
    expect(await stored()).toEqual([])
  })

  it('end when they sign out', async () => {
    const { base } = await open()
    const go = browser(base)
    await go('/chats', post({ title: 'mine' }))
    expect(await json(await go('/chats'))).toEqual({ titles: ['mine'] })
    await go('/logout', post({}))
    expect(await json(await go('/chats'))).toEqual({ titles: [] })
  })
})
