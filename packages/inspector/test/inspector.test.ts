import { format } from 'node:util'
import { createSessions, SessionError } from '@sessions/core'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createInspector } from '../src/index.js'
import { evil, now, openShop } from './shop.js'

// The days that a page shows are those before now.
vi.useFakeTimers({ toFake: ['Date'], now })
afterAll(() => void vi.useRealTimers())

const shop = await openShop()
const text = async (path: string, who?: string): Promise<string> => (await shop.get(path, who)).text()
const paths = [
  '/inspector',
  '/inspector/sessions',
  '/inspector/sessions?q=needle',
  '/inspector/insights',
  '/inspector/insights?days=7',
  `/inspector/sessions/${shop.talk}`,
  `/inspector/sessions/${shop.talk}/context`,
  `/inspector/sessions/${shop.talk}/turns`,
  `/inspector/sessions/${shop.talk}/contents`,
  `/inspector/sessions/${shop.hostile}`,
  `/inspector/sessions/${shop.hostile}/context?query=needle`,
  `/inspector/sessions/${shop.hostile}/contents`,
]

describe('the inspector', () => {
  it.each(paths)(
    '%s is a page without scripts and styles of its own, in which every text is escaped',
    async (path) => {
      const response = await shop.get(path)
      expect(response.status).toBe(200)
      const policy = response.headers.get('content-security-policy')!
      expect(policy).toContain("default-src 'none'; style-src 'self'")
      expect(response.headers.get('cache-control')).toBe('no-store')
      const page = await response.text()
      expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
      expect(page).not.toMatch(
        /<(?:script|img|style|iframe|object|link(?! rel="stylesheet"))|\sstyle=|\son[a-z]+="|javascript:/i,
      )
    },
  )

  it('shows what a title, a message, a name and a label say, and means nothing of it', async () => {
    const page = await text(`/inspector/sessions/${shop.hostile}`)
    expect(page).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).not.toContain(evil)
    const found = await text('/inspector/sessions?q=needle%22%3E%3Cb%3E')
    expect(found).toContain('value="needle&quot;&gt;&lt;b&gt;"')
    expect(await text('/inspector/sessions?q=needle')).toContain('<mark>needle</mark> &quot;&gt;')
  })

  it('is for admins, each of their own tenant', async () => {
    expect(
      [await shop.get('/inspector', 'nobody'), await shop.get('/inspector', 'alice')].map(
        (one) => one.status,
      ),
    ).toEqual([401, 403])
    const pages = await Promise.all(paths.map((path) => text(path)))
    expect(pages.join('')).not.toContain('Theirs')
    expect((await shop.get(`/inspector/sessions/${shop.talk}`, 'alice')).status).toBe(403)
    expect((await shop.get('/inspector/style.css', 'nobody')).status).toBe(200)
  })

  it('shows a session: what was said, what the model sees, its turns with their events, and what is beside it', async () => {
    const at = `/inspector/sessions/${shop.talk}`
    const messages = await text(at)
    expect(messages).toContain('A phone for my mother')
    expect(messages).toContain('I take the first one.')
    expect(messages).toContain('Tokens of these messages')
    const context = await text(`${at}/context?query=battery&tokens=500`)
    expect(context).toContain('You sell phones.')
    expect(context).toContain('300 to 400')
    const turns = await text(`${at}/turns`)
    expect(turns.match(/small-2/g)).toHaveLength(3)
    const [, link] = /href="([^"]+\/turns\?turn=[^"]+)"/.exec(turns)!
    const events = await text(link!)
    expect(events).toContain('</span> started</summary>')
    expect(events).toContain('</span> completed</summary>')
    const contents = await text(`${at}/contents`)
    expect(contents).toMatch(/<th scope="row">turns<\/th>\s*<td class="number">3<\/td>/)
    expect(contents).toContain('&quot;phase&quot;: &quot;choice&quot;')
  })

  it('counts what the sessions of a month say', async () => {
    const page = await text('/inspector/insights')
    const usage = await shop.sessions.usage({ tenantId: 'acme', from: 0 })
    expect(page).toContain('Cost by model, in EUR')
    expect(page).toContain('What users spoke of')
    expect(page).toContain('Ordered')
    expect(page).toContain('Users who said something')
    expect(page).toContain('browsing → comparing')
    expect(page).toMatch(/What users spoke of, over time<\/figcaption>\s*<(?:ul|div)/)
    expect(page).toMatch(/Groups of fewer than five users are not shown: \d+\./)
    const { total, users, cohorts } = await shop.sessions.analytics({ tenantId: 'acme', bucket: 'week' })
    expect(page).toMatch(new RegExp(`Sessions that began</dt>\\s*<dd>${total.sessions}</dd>`))
    expect(page).toMatch(new RegExp(`Users who began one</dt>\\s*<dd>${users}</dd>`))
    expect(cohorts.length).toBeGreaterThan(0)
    for (const { at } of cohorts) expect(page).toContain(`${new Date(at).toISOString().slice(0, 10)} to `)
    expect(usage.total.turns).toBeGreaterThan(70)
  })

  it('tells whether store and bus answer', async () => {
    expect(await text('/inspector')).toMatch(/Store<\/strong>\s+answers in [\s\S]*Bus<\/strong>\s+brings/)
    const store = { ...shop.store, read: () => Promise.reject(new SessionError('unavailable', 'away')) }
    const identify = () => ({ tenantId: 'acme', roles: ['admin'] })
    const away = createInspector({ sessions: createSessions({ store }), identify })
    const response = await away.handle(new Request('https://app.test/inspector'))
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringMatching(/Store<\/strong>\s+does not answer: unavailable/),
    ])
  })

  it('puts on record once that somebody looks at insights', async () => {
    const audit = { secrets: ['another secret that all processes know, and nobody else'] }
    const audited = createSessions({
      store: shop.store,
      credentialSecrets: ['a secret that all processes know, and nobody else'],
      audit,
    })
    const identify = () => ({ tenantId: 'acme', userId: 'boss', roles: ['admin'] })
    const inspector = createInspector({ sessions: audited, identify })
    const response = await inspector.handle(new Request('https://app.test/inspector/insights'))
    expect(response.status).toBe(200)
    const entries = []
    for await (const entry of audited.audit.list({ tenantId: 'acme' })) entries.push(entry)
    expect(entries).toMatchObject([{ action: 'admin.analytics', outcome: 'done' }])
  })

  it('reads, and does nothing else', async () => {
    const post = new Request('https://app.test/inspector', { method: 'POST' })
    expect((await shop.inspector.handle(post)).status).toBe(405)
    const head = await shop.inspector.handle(
      new Request('https://app.test/inspector', { method: 'HEAD', headers: { authorization: 'admin' } }),
    )
    expect([head.status, await head.text()]).toEqual([200, ''])
    const before = await shop.store.read({ tenantId: 'acme', id: shop.talk })
    for (const path of paths) await text(path)
    expect((await shop.store.read({ tenantId: 'acme', id: shop.talk }))!.record).toEqual(before!.record)
  })

  it('has links that begin with the path that it is mounted at', async () => {
    const ask = async (path: string, mountPath: string) => {
      const request = new Request(`https://app.test${path}`, { headers: { authorization: 'admin' } })
      return (await shop.inspector.handle(request, { mountPath })).text()
    }
    const page = await ask('/admin/inspector/sessions', '/admin')
    expect(page).toContain(`href="/admin/inspector/sessions/${shop.talk}"`)
    expect(page).not.toMatch(/(?:href|action)="\/inspector/)
    // Its own path, which an application mounts it at as well.
    expect(await ask('/admin/inspector', '/admin/inspector')).toContain('href="/admin/inspector/sessions"')
    expect(await ask('//evil.example/inspector/sessions', '//evil.example')).not.toContain('="//evil')
  })

  it('says what is not there, not allowed, or away', async () => {
    for (const path of [
      '/inspector/nothing',
      '/inspector/sessions/x',
      '/inspector/sessions/%E0%A4%A',
      `/inspector/sessions/${shop.talk}/x`,
    ])
      expect((await shop.get(path)).status, path).toBe(404)
    expect((await shop.get('/inspector/sessions?cursor=wrong')).status).toBe(400)
    expect((await shop.get('/inspector/sessions?user=%00')).status).toBeLessThan(500)
    const failures: unknown[] = []
    const broken = createInspector({
      sessions: createSessions({
        store: { ...shop.store, list: () => Promise.reject(new Error('secret')) },
      }),
      identify: () => ({ tenantId: 'acme', roles: ['admin'] }),
      onError: (error) => failures.push(error),
    })
    const response = await broken.handle(new Request('https://app.test/inspector'))
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(await response.text()).not.toContain('secret')
    expect(failures).toHaveLength(1)
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const silent = createInspector({
      sessions: createSessions(),
      identify: () => Promise.reject(new Error('the sign-in is away')),
    })
    for (const path of ['sessions/%c3%a9', 'sessions/%d1%8f'])
      await silent.handle(new Request(`https://app.test/inspector/${path}`))
    const lines = printed.mock.calls.map((given) => format(...given).split('\n')[0])
    expect(lines).toEqual([
      '[inspector] /inspector/sessions/%c3%a9: Error: the sign-in is away',
      '[inspector] /inspector/sessions/%d1%8f: Error: the sign-in is away',
    ])
    printed.mockClear()
    const fails: (() => void)[] = [
      async () => Promise.reject(new Error('away')),
      () => {
        throw new Error('away')
      },
    ]
    for (const onError of fails) {
      const failing = createInspector({
        sessions: createSessions({
          store: { ...shop.store, list: () => Promise.reject(new Error('secret')) },
        }),
        identify: () => ({ tenantId: 'acme', roles: ['admin'] }),
        onError,
      })
      const told = await failing.handle(new Request('https://app.test/inspector'))
      expect(told.status).toBeGreaterThanOrEqual(500)
    }
    await vi.waitFor(() => expect(printed).toHaveBeenCalledTimes(2))
    printed.mockRestore()
    const closed = createInspector({
      sessions: createSessions({ store: shop.store, adminReads: false }),
      identify: () => ({ tenantId: 'acme', roles: ['admin'] }),
    })
    const ask = (path: string) => closed.handle(new Request(`https://app.test${path}`))
    expect((await ask('/inspector/sessions')).status).toBe(200)
    expect((await ask(`/inspector/sessions/${shop.talk}`)).status).toBe(403)
  })

  it('leads to every session, whatever its id, and to nothing that only sounds like a part of one', async () => {
    const ids = ['.', '..', '~', '~.', 'a/b', 'a%2Fb', '?#', 'constructor', '\u202e']
    for (const [n, id] of ids.entries()) {
      await shop.sessions.for({ tenantId: 'acme', userId: 'alice' }).create({ id, title: `Oddly named ${n}` })
      const list = await text('/inspector/sessions')
      const [, link] = new RegExp(`<a dir="auto" href="([^"]+)"\\s*>Oddly named ${n}<`).exec(list)!
      // As a browser reads it.
      const { pathname } = new URL(link!, 'https://app.test')
      expect(await text(pathname), id).toMatch(
        new RegExp(`<h1 dir="auto">Oddly named ${n}</h1>[^]*<dt>Id</dt>`),
      )
    }
    for (const part of ['constructor', 'valueof', 'x'])
      expect((await shop.get(`/inspector/sessions/${shop.talk}/${part}`)).status, part).toBe(404)
  })

  it('shows turns whose metadata the application has written itself', async () => {
    const odd = await shop.sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
    await odd.append({
      role: 'assistant',
      content: 'Well',
      metadata: { turn: { id: '\ud800', durationMs: -5 } },
    })
    const page = await shop.get(`/inspector/sessions/${odd.id}/turns`)
    expect(page.status).toBe(200)
    const [, link] = /href="([^"]+\/turns\?turn=[^"]+)"/.exec(await page.text())!
    expect((await shop.get(link!)).status).toBe(200)
  })

  it('shows each text in the direction of its language', async () => {
    const { id } = await shop.sessions.for({ tenantId: 'acme', userId: 'alice' }).create({ title: 'שלום' })
    await shop.sessions
      .for({ tenantId: 'acme', userId: 'alice' })
      .append(id, { role: 'user', content: 'מה נשמע?' })
    const at = `/inspector/sessions/${id}`
    expect(await text('/inspector/sessions')).toMatch(/<a dir="auto"[^>]+>שלום</)
    expect(await text('/inspector/sessions?q=%D7%A0%D7%A9%D7%9E%D7%A2')).toMatch(/<a dir="auto"/)
    for (const path of [at, `${at}/context`]) {
      const page = await text(path)
      expect(page).toContain('<h1 dir="auto">שלום</h1>')
      expect(page, path).toMatch(/<p class="text" dir="auto">[^<]*מה נשמע\?/)
    }
  })

  it('links to its beginning where it has a host of its own', async () => {
    const identify = () => ({ tenantId: 'acme', roles: ['admin'] })
    const inspector = createInspector({ sessions: createSessions(), identify, basePath: '' })
    const response = await inspector.handle(new Request('http://inspector.test/sessions'))
    expect(response.status).toBe(200)
    expect(await response.text()).toMatch(/<a href="\/"[^>]*>Overview</)
  })

  it('answers no path that is not below its own', async () => {
    const identify = () => ({ tenantId: 'acme', roles: ['admin'] })
    const inspector = createInspector({ sessions: createSessions(), identify, basePath: '/ops/inspector' })
    const statusOf = async (path: string) =>
      (await inspector.handle(new Request(`http://app.test${path}`))).status
    for (const path of ['/', '/inspector', '/ops', '/xyz/inspector/sessions', '/ops/inspectors'])
      expect(await statusOf(path), path).toBe(404)
    for (const path of ['/ops/inspector', '/ops/inspector/', '/ops/inspector/sessions'])
      expect(await statusOf(path), path).toBe(200)
  })

  it('refuses wrong options', () => {
    const sessions = createSessions()
    const identify = () => undefined
    for (const [wrong, path] of [
      [{ identify }, 'sessions'],
      [{ sessions }, 'identify'],
      [{ sessions, identify, basePath: '/x/' }, 'basePath'],
      [{ sessions, identify, basePath: '/"' }, 'basePath'],
      [{ sessions, identify, maxTokens: 5 }, 'maxTokens'],
      [{ sessions, identify, tenant: 'acme' }, 'tenant'],
    ] as const)
      expect(() => createInspector(wrong as never)).toThrow(
        expect.objectContaining({ code: 'invalid', path }) as Error,
      )
  })
})
