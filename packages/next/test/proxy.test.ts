import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { redisUrl } from '@sessions/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Application, stopAll } from './application.js'
import { Browser } from './browser.js'
import { load } from './page.js'

const secrets = {
  old: 'the secret of last year of 32 and more',
  new: 'the secret of this year of 32 and more',
}
let before: Application
let after: Application

beforeAll(async () => {
  const env = { REDIS_URL: await redisUrl() }
  before = await Application.run({ ...env, SESSION_SECRETS: secrets.old })
  after = await Application.run({ ...env, SESSION_SECRETS: `${secrets.new},${secrets.old}` })
})
afterAll(stopAll)

const document = { headers: { 'sec-fetch-dest': 'document' } }

/** A browser with a session whose credential the old secret has signed, at the application with both. */
async function visitor(): Promise<{ browser: Browser; id: string }> {
  const earlier = new Browser(before.url)
  const { id } = (await (await earlier.post('/chat', { text: 'hello' })).json()) as { id: string }
  const browser = new Browser(after.url)
  browser.cookies.set('sessions', earlier.cookies.get('sessions')!)
  await after.seen()
  return { browser, id }
}

describe('the proxy', () => {
  it('signs an old credential anew, for the page of this request and for the browser, once', async () => {
    const { browser, id } = await visitor()
    const old = browser.cookies.get('sessions')
    const first = await browser.fetch('/proxied')
    expect(first.headers.getSetCookie()).toEqual([expect.stringMatching(/^sessions=/)])
    const renewed = browser.cookies.get('sessions')
    expect(renewed).not.toBe(old)
    expect((await load(first)).shown).toEqual({ id, credential: renewed })
    const second = await browser.fetch('/proxied')
    expect(second.headers.getSetCookie()).toEqual([])
    expect((await load(second)).shown).toEqual({ id, credential: renewed })
  })

  it('shows the new credential to handlers and actions of this request, too', async () => {
    const one = await visitor()
    expect(await (await one.browser.fetch('/chat')).json()).toEqual({ id: one.id, messages: ['hello'] })
    const two = await visitor()
    const { shown } = await load(await two.browser.submit('say', 'again'))
    expect(shown).toEqual({ id: two.id, said: ['hello', 'again'] })
  })

  it('keeps the cookie for as long again when a page is loaded, and only then', async () => {
    const { browser } = await visitor()
    await browser.fetch('/proxied')
    const credential = browser.cookies.get('sessions')
    const loaded = await browser.fetch('/proxied', document)
    const [set, ...others] = loaded.headers.getSetCookie()
    expect(others).toEqual([])
    expect(set).toMatch(new RegExp(`^sessions=${credential};.*HttpOnly`, 'i'))
    const keptMs = Date.parse(/Expires=([^;]+)/i.exec(set!)![1]!) - Date.now()
    expect(Math.round(keptMs / 86_400_000)).toBe(30)
    // Next writes it twice and sends one only where both say the same; an age would be counted anew each time.
    expect(set).not.toContain('Max-Age')
    for (const headers of [{ rsc: '1' }, { 'sec-fetch-dest': 'empty' }]) {
      const part = await browser.fetch('/proxied', { headers, redirect: 'follow' })
      expect(part.headers.getSetCookie()).toEqual([])
    }
  })

  it('asks no store', async () => {
    const { browser } = await visitor()
    expect(await (await browser.fetch('/members')).text()).toContain('been here before')
    expect((await after.seen()).calls).toEqual([])
  })

  it('sends those without a credential of ours elsewhere, and lets nobody in', async () => {
    const { browser } = await visitor()
    const credential = browser.cookies.get('sessions')!
    for (const forged of [
      undefined,
      'nonsense',
      `${credential.slice(0, -2)}__`,
      `${credential}; sessions=x`,
    ]) {
      const stranger = new Browser(after.url)
      if (forged !== undefined) stranger.cookies.set('sessions', forged)
      const response = await stranger.fetch('/members', document)
      expect(response.status).toBe(307)
      expect(new URL(response.headers.get('location')!, after.url).pathname).toBe('/')
      expect((await load(await stranger.fetch('/proxied'))).shown).toMatchObject({ id: null })
    }
  })

  it('lets an outdated credential pass, which opens nothing', async () => {
    const { browser } = await visitor()
    const outdated = browser.cookies.get('sessions')!
    browser.cookies.set('user', 'alice')
    expect((await browser.post('/chat', {}, { method: 'PATCH' })).status).toBe(200)
    const thief = new Browser(after.url)
    thief.cookies.set('sessions', outdated)
    expect((await thief.fetch('/members')).status).toBe(200)
    expect((await load(await thief.fetch('/proxied'))).shown).toMatchObject({ id: null })
  })
})

it('pulls in nothing that the edge does not have', () => {
  const packages = resolve(import.meta.dirname, '../..')
  const doors: Record<string, string> = { '@sessions/core/node': join(packages, 'core/src/node.ts') }
  const seen = new Set<string>()
  const others = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    // Examples in comments import what the file does not.
    const code = readFileSync(file, 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    const found = code.matchAll(
      /^(?:import|export)\s(?!type\s)(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
    )
    for (const [, from, dynamic] of found) {
      const name = (from ?? dynamic)!
      if (name.startsWith('.')) visit(join(dirname(file), name.replace(/\.js$/, '.ts')))
      else if (name in doors) visit(doors[name]!)
      else others.add(name)
    }
  }
  visit(join(packages, 'next/src/proxy.ts'))
  expect(seen.size).toBeGreaterThan(5)
  expect([...others].toSorted()).toEqual(['next/server.js', 'zod/locales', 'zod/mini'])
})
