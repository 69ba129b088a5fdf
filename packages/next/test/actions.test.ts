import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Application, stopAll } from './application.js'
import { Browser } from './browser.js'
import { load } from './page.js'

let app: Application

beforeAll(async () => {
  app = await Application.run()
})
afterAll(stopAll)

const writes = (calls: readonly string[]) => calls.filter((call) => call === 'chat.commit')

/** What the page shows of the session. */
async function shown(browser: Browser): Promise<{ id: string | null; said: string[] }> {
  return (await load(await browser.fetch('/actions'))).shown as never
}

describe('an action', () => {
  it('begins a session, and hands it over, with the first write', async () => {
    const browser = new Browser(app.url)
    const response = await browser.submit('say', 'hello')
    expect(response.headers.getSetCookie().join()).toMatch(/^sessions=[^;]+;.*HttpOnly/i)
    // The page that is rendered after it, in the same request, knows already.
    expect((await load(response)).shown).toMatchObject({ said: ['hello'] })
    await browser.submit('say', 'again')
    expect(await shown(browser)).toMatchObject({ said: ['hello', 'again'] })
  })

  it('leaves no trace when it only looks', async () => {
    const browser = new Browser(app.url)
    await app.seen()
    const response = await browser.call('look')
    expect(response.headers.getSetCookie()).toEqual([])
    // Nothing that the browser has cached is to go.
    expect([null, '[[],0,0]']).toContain(response.headers.get('x-action-revalidated'))
    const { calls, notes } = await app.seen()
    expect(notes).toEqual(['looked: false'])
    expect(calls).toEqual([])
  })

  it('that writes to a session that is there sets no cookie', async () => {
    const browser = new Browser(app.url)
    await browser.submit('say', 'hello')
    const response = await browser.submit('say', 'again')
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it('begins another session for who has one', async () => {
    const browser = new Browser(app.url)
    await browser.submit('say', 'old')
    const before = await shown(browser)
    await browser.submit('fresh', 'new')
    const after = await shown(browser)
    expect(after.said).toEqual(['new'])
    expect(after.id).not.toBe(before.id)
  })

  it('gives a visitor’s session to the user who signs in, and voids the old credential', async () => {
    const browser = new Browser(app.url)
    await browser.submit('say', 'before')
    const old = browser.cookies.get('sessions')!
    const { id } = await shown(browser)
    await app.seen()
    // No name, so nobody has signed in. Next has the same page for all that it refuses without JavaScript.
    expect((await browser.submit('signIn')).status).toBe(404)
    expect((await app.seen()).notes).toEqual([])
    await browser.submit('signIn', 'alice')
    expect((await app.seen()).notes).toEqual(['bound to alice'])
    expect(await shown(browser)).toEqual({ id, said: ['before'] })
    expect(browser.cookies.get('sessions')).not.toBe(old)
    const thief = new Browser(app.url)
    thief.cookies.set('sessions', old)
    expect(await shown(thief)).toEqual({ id: null, said: [] })
  })

  it('takes the cookie away from who signs out', async () => {
    const browser = new Browser(app.url)
    await browser.submit('say', 'hello')
    await browser.submit('signOut')
    expect([...browser.cookies.keys()]).toEqual([])
    expect(await shown(browser)).toEqual({ id: null, said: [] })
  })

  it('as Next knows them asks for the session of who has one', async () => {
    const browser = new Browser(app.url)
    await app.seen()
    expect((await browser.submit('plainSay', 'too soon')).status).toBe(500)
    expect(writes((await app.seen()).calls)).toEqual([])
    await browser.submit('say', 'hello')
    expect((await browser.submit('plainSay', 'plain')).status).toBe(200)
    expect((await shown(browser)).said).toEqual(['hello', 'plain'])
  })

  it('stores nothing of a first write that comes with its result, when the response has begun', async () => {
    const browser = new Browser(app.url)
    await app.seen()
    const response = await browser.call('late')
    expect(await response.text()).toContain('headers_sent')
    expect(response.headers.getSetCookie()).toEqual([])
    const { calls, notes } = await app.seen()
    expect(notes).toEqual(['late: headers_sent'])
    expect(writes(calls)).toEqual([])
  })
})

describe('an action that somebody posts to', () => {
  const foreign: Record<string, Record<string, string>> = {
    'names no page': {},
    'comes from another site': { 'sec-fetch-site': 'cross-site' },
    'comes from another subdomain': { 'sec-fetch-site': 'same-site' },
    'names another page': { origin: 'https://evil.test' },
    'comes from nowhere': { origin: 'null' },
  }

  it.each(Object.entries(foreign))('is refused when it has cookies and %s', async (_, headers) => {
    const browser = new Browser(app.url)
    await browser.submit('say', 'hello')
    await app.seen()
    for (const [status, send] of [
      // Next has one page for all that is refused without JavaScript.
      [404, () => browser.submit('say', 'planted', { headers })],
      [404, () => browser.submit('plainSay', 'planted', { headers })],
      [403, () => browser.call('look', { headers })],
    ] as const) {
      const response = await send()
      // It refuses those with a foreign `Origin` itself, with 500.
      expect(response.status).toBe('origin' in headers ? 500 : status)
      expect(response.headers.getSetCookie()).toEqual([])
      await response.text()
    }
    const { calls, notes } = await app.seen()
    expect(writes(calls)).toEqual([])
    expect(notes).toEqual([])
    expect((await shown(browser)).said).toEqual(['hello'])
  })

  it('opens no session but the caller’s', async () => {
    const [alice, mallory] = [new Browser(app.url), new Browser(app.url)]
    await alice.submit('say', 'mine')
    const { id } = await shown(alice)
    await app.seen()
    expect((await mallory.submit('plainRename', id!)).status).toBe(404)
    await mallory.submit('say', 'hers')
    expect((await mallory.submit('plainRename', id!)).status).toBe(404)
    mallory.cookies.set('sessions', `${alice.cookies.get('sessions')!.slice(0, -1)}_`)
    expect((await mallory.submit('plainRename', id!)).status).toBe(404)
    expect((await alice.submit('plainRename', id!)).status).toBe(200)
  })
})
