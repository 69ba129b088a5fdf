import { waitUntil } from '@sessions/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Application, stopAll } from './application.js'
import { Browser } from './browser.js'
import { load } from './page.js'

let app: Application

beforeAll(async () => {
  app = await Application.run()
})
afterAll(stopAll)

const json = async (response: Response) => (await response.json()) as Record<string, unknown>
const writes = (calls: readonly string[]) => calls.filter((call) => call === 'chat.commit')

describe('a route handler with a session', () => {
  it('begins it with the first write, and puts the credential on the response', async () => {
    const browser = new Browser(app.url)
    const looked = await browser.fetch('/chat')
    expect(await json(looked)).toEqual({ id: null, messages: [] })
    expect(looked.headers.getSetCookie()).toEqual([])
    expect(looked.headers.get('cache-control')).toContain('no-store')
    const said = await browser.post('/chat', { text: 'hello' })
    expect(said.status).toBe(201)
    expect(said.headers.getSetCookie()).toHaveLength(1)
    expect(said.headers.get('x-session-id'), 'scripts of the page do not see it').toBeNull()
    expect(said.headers.get('vary')).toMatch(/Cookie.*X-Session-Id/)
    const { id } = await json(said)
    expect(await json(await browser.fetch('/chat'))).toEqual({ id, messages: ['hello'] })
  })

  it('is the same for a caller that keeps no cookies', async () => {
    const response = await fetch(`${app.url}/chat`, {
      method: 'POST',
      body: JSON.stringify({ text: 'hello' }),
      headers: { 'content-type': 'application/json' },
    })
    const headers = { 'x-session-id': response.headers.get('x-session-id')! }
    expect(await json(await fetch(`${app.url}/chat`, { headers }))).toMatchObject({ messages: ['hello'] })
  })

  it('keeps the headers that the handler has set', async () => {
    const { headers } = await new Browser(app.url).post('/chat', { text: 'hello', then: 'dressed' })
    const vary = headers.get('vary')!.split(/, */)
    expect(vary).toEqual(expect.arrayContaining(['Accept', 'Cookie', 'X-Session-Id']))
    expect(headers.get('cache-control')).toBe('private')
    expect(headers.getSetCookie()).toHaveLength(1)
  })

  it('is the session of what it calls, an action too', async () => {
    const browser = new Browser(app.url)
    const said = await browser.post('/chat', { text: 'hello', then: 'within' })
    expect(said.headers.getSetCookie()).toHaveLength(1)
    const { id, messages } = await json(await browser.fetch('/chat'))
    expect([await json(said), messages]).toEqual([{ ids: [id, id, id] }, ['hello']])
  })

  it('hands the credential over with a redirect, thrown and returned', async () => {
    const browser = new Browser(app.url)
    const thrown = await browser.post('/chat', { text: 'hello', then: 'redirect' })
    expect(thrown.status).toBe(307)
    expect((await json(await browser.fetch('/chat')))['messages']).toEqual(['hello'])
    const returned = await browser.post('/chat', {}, { method: 'PUT' })
    expect(returned.status).toBe(303)
    expect(returned.headers.get('location')).toBe('http://elsewhere.test/')
    expect((await json(await browser.fetch('/chat')))['messages']).toEqual([])
  })

  it('hands the credential over with notFound(), and leaves it to Next to tell of a handler that gives nothing', async () => {
    const browser = new Browser(app.url)
    expect((await browser.post('/chat', { text: 'hello', then: 'notFound' })).status).toBe(404)
    expect((await json(await browser.fetch('/chat')))['messages']).toEqual(['hello'])
    expect((await browser.post('/chat', { text: 'hello', then: 'nothing' })).status).toBe(500)
    await waitUntil(() => app.output.includes('No response is returned from route handler'), {
      what: 'Next to tell of it',
    })
  })

  it('answers errors of sessions as problems, and leaves others to Next', async () => {
    const browser = new Browser(app.url)
    const unknown = await browser.post('/chat', {}, { method: 'PATCH' })
    expect(unknown.status).toBe(404)
    expect(unknown.headers.get('content-type')).toBe('application/problem+json')
    expect(await json(unknown)).toMatchObject({ code: 'not_found', status: 404 })
    await browser.post('/chat', { text: 'hello' })
    expect(await json(await browser.post('/chat', {}, { method: 'PATCH' }))).toMatchObject({
      code: 'unauthenticated',
    })
    expect(await json(await browser.post('/chat', { text: 5 }))).toMatchObject({ code: 'invalid' })
    expect((await browser.post('/chat', { text: 'hello', then: 'fail' })).status).toBe(500)
  })

  it('gets the session that its path names, if the caller may touch it', async () => {
    const browser = new Browser(app.url)
    browser.cookies.set('user', 'alice')
    const { id } = await json(await browser.post('/chat', { text: 'hello' }))
    const alone = new Browser(app.url)
    alone.cookies.set('user', 'alice')
    expect(await json(await alone.fetch(`/chats/${String(id)}`))).toEqual({ id })
    for (const path of ['/chats/unknown', '/chats/%E2%82%AC', `/chats/${'x'.repeat(300)}`])
      expect(await json(await alone.fetch(path)), path).toMatchObject({ status: 404, code: 'not_found' })
    const stranger = new Browser(app.url)
    expect(await json(await stranger.fetch(`/chats/${String(id)}`))).toMatchObject({ code: 'not_found' })
    const wrong = await json(await alone.fetch(`/chats/${String(id)}`, { method: 'PUT' }))
    expect(wrong).toMatchObject({ code: 'csrf' })
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect(await json(await alone.fetch(`/chats/${String(id)}`, { method: 'PUT', headers }))).toMatchObject({
      code: 'invalid',
      path: 'name',
    })
  })

  it('that finds its sessions itself answers problems, too', async () => {
    const browser = new Browser(app.url)
    browser.cookies.set('user', 'alice')
    const { id } = await json(await browser.post('/chat', { text: 'hello' }))
    const path = `/chats/${String(id)}`
    expect(await json(await browser.post(path, {}))).toEqual({ id })
    const late = await browser.post(path, { revision: 1 })
    expect([late.status, late.headers.get('content-type')]).toEqual([409, 'application/problem+json'])
    const stranger = new Browser(app.url)
    expect((await stranger.post(path, {})).status).toBe(404)
    expect((await browser.post(path, { fail: true })).status).toBe(500)
    const planted = { headers: { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' } }
    expect(await json(await browser.post(path, {}, planted))).toMatchObject({ code: 'csrf' })
  })

  it('gives a session to its user, and takes the cookie away', async () => {
    const browser = new Browser(app.url)
    await browser.post('/chat', { text: 'hello' })
    const old = browser.cookies.get('sessions')
    browser.cookies.set('user', 'alice')
    expect((await browser.post('/chat', {}, { method: 'PATCH' })).status).toBe(200)
    expect(browser.cookies.get('sessions')).not.toBe(old)
    expect((await browser.post('/chat', {}, { method: 'DELETE' })).status).toBe(204)
    expect(browser.cookies.has('sessions')).toBe(false)
  })

  it('refuses what a page of another site may have sent', async () => {
    const browser = new Browser(app.url)
    await browser.post('/chat', { text: 'hello' })
    await app.seen()
    for (const headers of [
      { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.test', 'sec-fetch-site': '' },
    ]) {
      const response = await browser.post('/chat', { text: 'planted' }, { headers })
      expect(response.status).toBe(403)
      expect(await json(response)).toMatchObject({ code: 'csrf' })
    }
    expect(writes((await app.seen()).calls)).toEqual([])
  })

  it('believes a proxy that ends TLS', async () => {
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
      origin: 'https://shop.example',
      cookie: 'a=b',
    }
    const said = await fetch(`${app.url}/chat`, { method: 'POST', headers, body: '{"text":"hello"}' })
    expect(said.headers.getSetCookie().join()).toMatch(/^__Host-sessions=[^;]+;.*Secure/)
    const made = await fetch(`${app.url}/api/v1/sessions`, { method: 'POST', headers })
    expect(made.headers.getSetCookie().join()).toMatch(/^__Host-sessions=[^;]+;.*Secure/)
    // Each of several proxies has added itself.
    const chain = {
      ...headers,
      'x-forwarded-proto': 'https, http',
      'x-forwarded-host': 'shop.example, inner',
    }
    const far = await fetch(`${app.url}/chat`, { method: 'POST', headers: chain, body: '{"text":"hello"}' })
    expect(far.headers.getSetCookie().join()).toMatch(/^__Host-sessions=/)
    expect((await fetch(`${app.url}/api/v1/sessions`, { method: 'POST', headers: chain })).status).toBe(201)
    const other = { ...headers, origin: 'https://evil.example' }
    for (const path of ['/chat', '/api/v1/sessions']) {
      expect((await fetch(app.url + path, { method: 'POST', headers: other })).status).toBe(403)
    }
  })

  it('that asks for the session itself needs one that is there', async () => {
    const browser = new Browser(app.url)
    await app.seen()
    const codes = { append: 'headers_sent', bind: 'headers_sent' }
    expect(await json(await browser.post('/plain', {}))).toEqual(codes)
    expect(writes((await app.seen()).calls)).toEqual([])
    const { id } = await json(await browser.post('/chat', { text: 'hello' }))
    expect(await json(await browser.post('/plain', {}))).toEqual({ ...codes, append: 'no error' })
    expect(await json(await browser.post('/plain', { id }))).toEqual({ ...codes, append: 'no error' })
    const other = new Browser(app.url)
    expect(await json(await other.post('/plain', { id }))).toEqual({ ...codes, append: 'not_found' })
    const planted = { headers: { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' } }
    expect(await json(await browser.post('/plain', {}, planted))).toEqual({ ...codes, append: 'forbidden' })
  })
})

describe('guests', () => {
  const titles = async (browser: Browser) =>
    ((await json(await browser.fetch('/guests')))['titles'] as string[]).toSorted()

  it('have several sessions, whichever way these are made, and take them along', async () => {
    const browser = new Browser(app.url)
    expect(await titles(browser)).toEqual([])
    expect(browser.cookies.size).toBe(0)
    const said = await browser.post('/guests', {})
    expect(browser.cookies.has('guest')).toBe(true)
    const { id } = await json(said)
    await browser.post('/guests', {}, { method: 'PUT' })
    expect(await titles(browser)).toEqual(['', 'alone', 'beside'])
    expect(await titles(new Browser(app.url))).toEqual([])
    expect(await json(await browser.post('/guests', {}, { method: 'PATCH' }))).toEqual({ id })
    expect(browser.cookies.get('guest') ?? '').toBe('')
    expect(await titles(browser)).toEqual(['', 'alone', 'beside'])
    browser.cookies.delete('user')
    expect(await titles(browser)).toEqual([])
  })

  it('are named when a session is made without that of the request, too', async () => {
    const browser = new Browser(app.url)
    await browser.post('/guests', {}, { method: 'PUT' })
    expect(await titles(browser)).toEqual(['alone'])
  })
})

describe('a stream', () => {
  it('begins with the cookie out, and tells of the turn as it goes', async () => {
    const browser = new Browser(app.url)
    const response = await browser.post('/stream', { words: 5 })
    expect(response.headers.getSetCookie()).toHaveLength(1)
    const lines = (await response.text()).trim().split('\n')
    expect(lines.length).toBeGreaterThan(5)
    const { messages } = await json(await browser.fetch('/chat'))
    expect(messages).toEqual(['count', '1 2 3 4 5 '])
  })

  it('stores nothing of a first write that comes when it is read', async () => {
    await app.seen()
    const response = await new Browser(app.url).post('/stream', {}, { method: 'PUT' })
    expect(await response.text()).toBe('headers_sent')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(writes((await app.seen()).calls)).toEqual([])
  })

  it('waits for a first write that came before it', async () => {
    const browser = new Browser(app.url)
    const response = await browser.post('/stream', { atOnce: true }, { method: 'PUT' })
    expect(await response.text()).toBe('no error')
    expect((await json(await browser.fetch('/chat')))['messages']).toEqual(['from a stream'])
  })

  it('is told when whoever listens has gone, and keeps what was said', async () => {
    const browser = new Browser(app.url)
    const gone = new AbortController()
    const response = await browser.post('/stream', { words: 10_000 }, { signal: gone.signal })
    await response.body!.getReader().read()
    gone.abort()
    const notes: string[] = []
    await waitUntil(
      async () => {
        notes.push(...(await app.seen()).notes)
        return notes.includes('aborted') && notes.includes('cancelled')
      },
      { what: 'the handler to hear of it' },
    )
    const messages = async () => (await json(await browser.fetch('/chat')))['messages'] as string[]
    await waitUntil(async () => (await messages()).length === 2, { what: 'the reply to be stored' })
    expect((await messages())[1]).toMatch(/^1 /)
  })

  it('runs to its end when the server is asked to go', async () => {
    const leaving = await Application.run()
    const response = await new Browser(leaving.url).post('/stream', { words: 50 })
    const reader = response.body!.getReader()
    let text = new TextDecoder().decode((await reader.read()).value)
    leaving.terminate()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      text += new TextDecoder().decode(value)
    }
    expect(JSON.parse(text.trim().split('\n').at(-1)!)).toMatchObject({ type: 'completed' })
    await leaving.exited
  })
})

describe('after the response', () => {
  const noted = async () => {
    const notes: string[] = []
    await waitUntil(async () => notes.push(...(await app.seen()).notes) > 0, { what: 'after() to run' })
    return JSON.parse(notes[0]!) as Record<string, string>
  }

  it('a session that is stored can be written to, and none can be begun', async () => {
    const browser = new Browser(app.url)
    await browser.post('/chat', { text: 'hello' })
    await app.seen()
    await browser.post('/after', {})
    expect(await noted()).toEqual({
      write: 'no error',
      read: 'no error',
      writable: 'headers_sent',
      fresh: 'headers_sent',
    })
    expect((await json(await browser.fetch('/chat')))['messages']).toEqual(['hello', 'after'])
  })

  it('a draft stores nothing', async () => {
    const browser = new Browser(app.url)
    await app.seen()
    const response = await browser.post('/after', {})
    expect(await json(response)).toEqual({ id: null })
    expect(await noted()).toMatchObject({ write: 'headers_sent', fresh: 'headers_sent' })
    expect(browser.cookies.size).toBe(0)
  })
})

describe('the session API', () => {
  it('has a turn whose reader has gone run to its end when the server is asked to go', async () => {
    const leaving = await Application.run()
    const browser = new Browser(leaving.url)
    const { session } = await json(await browser.post('/api/own/sessions', {}))
    const gone = new AbortController()
    const { id } = session as { id: string }
    const path = `/api/own/sessions/${id}/message?stream=true`
    const response = await browser.post(path, { content: '300 words' }, { signal: gone.signal })
    await response.body!.getReader().read()
    gone.abort()
    // By itself Next waits some three seconds; these words take twice as long.
    leaving.terminate()
    await leaving.exited
    expect(leaving.output).toContain('turn.completed')
  })
})

describe('a service', () => {
  it('is one for pages and for route handlers, whatever bundle asks', async () => {
    const own = await Application.run()
    const browser = new Browser(own.url)
    expect((await load(await browser.fetch('/readers'))).text).toContain('0: none')
    const made = await json(await browser.post('/api/own/sessions', { title: 'From the API' }))
    const { id } = made['session'] as { id: string }
    expect((await load(await browser.fetch(`/s/${id}`))).text).toContain('found: 0 messages')
    await own.stop()
  })
})
