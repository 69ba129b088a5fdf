import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Application, stopAll, version } from './application.js'
import { Browser } from './browser.js'
import { load } from './page.js'

let app: Application

beforeAll(async () => {
  app = await Application.run()
})
afterAll(stopAll)

it('builds without a warning', () => {
  expect(inject('buildLog')).toContain('Compiled successfully')
  // Where CI is set, Next misses a cache of earlier builds, which a clean checkout has not.
  const log = inject('buildLog').replaceAll(/⚠ No build cache found.*/g, '')
  expect(log).not.toMatch(/⚠|warn/i)
})

describe('a page that reads a session', () => {
  it('reads it once, however many of its components ask', async () => {
    const browser = new Browser(app.url)
    await browser.post('/chat', { text: 'hello' })
    await app.seen()
    const { text } = await load(await browser.fetch('/readers'))
    for (let place = 0; place < 10; place += 1)
      expect(text).toContain(`${place}: stored, 1 messages, 0 items, {}`)
    expect((await app.seen()).calls).toEqual(['chat.read'])
  })

  it('asks for a history once, too', async () => {
    const browser = new Browser(app.url)
    await browser.post('/chat', { text: 'hello' })
    await app.seen()
    const { text } = await load(await browser.fetch('/readers?history=1'))
    expect(text.match(/newest: "hello"/g)).toHaveLength(2)
    expect((await app.seen()).calls).toEqual(['chat.read', 'chat.read'])
  })

  it('leaves no trace of who only looks', async () => {
    await app.seen()
    const response = await new Browser(app.url).fetch('/readers')
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await load(response)).text).toContain('0: none, 0 messages')
    expect((await app.seen()).calls).toEqual([])
  })

  it('sets no cookie when the router asks for it, so that what the browser has cached stays', async () => {
    const browser = new Browser(app.url)
    await browser.post('/chat', { text: 'hello' })
    for (const path of ['/readers', '/writes', '/proxied']) {
      const response = await browser.fetch(path, { headers: { rsc: '1' }, redirect: 'follow' })
      expect(response.headers.get('content-type')).toContain('text/x-component')
      expect(response.headers.getSetCookie()).toEqual([])
      await response.text()
    }
  })

  it('is not there for a session that is unknown or somebody else’s', async () => {
    const [alice, bob] = [new Browser(app.url), new Browser(app.url)]
    const { id } = (await (await alice.post('/chat', { text: 'mine' })).json()) as { id: string }
    expect((await load(await alice.fetch(`/s/${id}`))).text).toContain('found: 1 messages')
    for (const path of [`/s/${id}`, '/s/nothing']) {
      const { text, html } = await load(await bob.fetch(path))
      expect(text).not.toContain('found:')
      expect(html).toMatch(/NEXT_HTTP_ERROR_FALLBACK;404|could not be found/)
    }
  })

  it('shows what a model would see, and writes nothing by it', async () => {
    const alice = new Browser(app.url)
    const text = 'hello '.repeat(40)
    const { id } = (await (await alice.post('/chat', { text })).json()) as { id: string }
    for (let more = 0; more < 39; more += 1) await alice.post('/chat', { text })
    await app.seen()
    const shown = (await load(await alice.fetch(`/s/${id}`))).text
    // More than fits, so that there is a place to remember where the window began.
    expect(shown).toMatch(/found: 40 messages, the model would see [12]?\d(?!\d)/)
    expect((await app.seen()).calls.filter((call) => !['chat.read', 'chat.messages'].includes(call))).toEqual(
      [],
    )
  })

  it('cannot change it: every attempt rejects with our error, and nothing is stored', async () => {
    const browser = new Browser(app.url)
    for (const known of [false, true]) {
      if (known) await browser.post('/chat', { text: 'hello' })
      await app.seen()
      const response = await browser.fetch('/writes')
      expect(response.headers.getSetCookie()).toEqual([])
      const { shown } = await load(response)
      expect(Object.keys(shown)).toHaveLength(12)
      expect(new Set(Object.values(shown))).toEqual(new Set(['headers_sent']))
      expect((await app.seen()).calls.filter((call) => !/read|messages|list/.test(call))).toEqual([])
    }
  })
})

// `'use cache'` came with Next 16.
if (version === '16') {
  it('caches under a tag that names neither session nor user', async () => {
    const browser = new Browser(app.url)
    browser.cookies.set('user', 'alice-of-acme')
    const { id } = (await (await browser.post('/chat', { text: 'a word' })).json()) as { id: string }
    const first = (await load(await browser.fetch('/tagged'))).shown
    const again = (await load(await browser.fetch('/tagged'))).shown
    expect(first).toEqual(again)
    expect(first['tag']).toMatch(/^session:[\w-]{43}$/)
    expect(first['greeting']).toContain('session inside: invalid')
    const { cached } = await app.seen()
    expect(cached.join()).toContain(first['tag'] as string)
    for (const secret of [id, 'alice-of-acme', browser.cookies.get('sessions')!]) {
      expect(cached.join()).not.toContain(secret)
    }
    const other = new Browser(app.url)
    await other.post('/chat', { text: 'a word' })
    expect((await load(await other.fetch('/tagged'))).shown['tag']).not.toBe(first['tag'])
  })
}
