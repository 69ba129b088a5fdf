import { createSessions } from '@sessions/core'
import { NextRequest, NextResponse } from 'next/server.js'
import { expect, it } from 'vitest'
import { sessionsProxy, type SessionsProxyOptions } from '../src/proxy.js'

const old = 'the secret of last year of 32 and more'
const secrets = ['the secret of this year of 32 and more', old]

/** A credential that one of the secrets has signed. */
async function signedWith(...credentialSecrets: string[]): Promise<string> {
  const session = await createSessions({ credentialSecrets }).for({ tenantId: 'acme' }).create()
  return session.credential()
}

/** What the proxy answers, and the request as pages see it. */
async function proxied(
  headers: Record<string, string>,
  options: Partial<SessionsProxyOptions> = {},
  { url = 'http://shop.example/a', ...init }: { url?: string; method?: string; nextConfig?: object } = {},
) {
  const request = new NextRequest(url, { headers, ...init })
  const answer = await sessionsProxy({ credentialSecrets: secrets, ...options })(request)
  return {
    answer,
    request,
    set: answer.cookies
      .getAll()
      .map(({ name, value, expires }) => [name, value, Math.round((Number(expires) - Date.now()) / 1000)]),
  }
}

const document = { 'sec-fetch-dest': 'document' }
const month = 30 * 24 * 3600

it('signs a credential of an older secret anew, for the browser and for this request', async () => {
  const credential = await signedWith(old)
  const { set, request } = await proxied({ cookie: `theme=dark; sessions=${credential}` })
  expect(set).toEqual([['sessions', expect.stringMatching(/^\S+\.\S+\.1\.\S+$/), month]])
  const [[, renewed]] = set as [[string, string]]
  expect(renewed).not.toBe(credential)
  expect(request.headers.get('cookie')).toBe(`theme=dark; sessions=${renewed}`)
  expect((await proxied({ cookie: `sessions=${renewed}` })).set).toEqual([])
  expect(
    (await proxied({ cookie: `sessions=${await signedWith('a secret of somebody else, of 32')}` })).set,
  ).toEqual([])
})

it('keeps the cookie for as long again when a page is loaded, unless it is told not to', async () => {
  const credential = await signedWith(...secrets)
  const cookie = `sessions=${credential}`
  const loaded = { cookie, ...document }
  expect((await proxied(loaded)).set).toEqual([['sessions', credential, month]])
  expect((await proxied(loaded, { absoluteMs: 60_000 })).set).toEqual([['sessions', credential, 60]])
  expect((await proxied(loaded, { refresh: false })).set).toEqual([])
  expect((await proxied(loaded, {}, { method: 'POST' })).set).toEqual([])
  expect((await proxied({ cookie, 'sec-fetch-dest': 'image' })).set).toEqual([])
  expect((await proxied({ cookie })).set).toEqual([])
})

it('lets no cache keep an answer with a cookie, unless its application says how', async () => {
  const cookie = `sessions=${await signedWith(...secrets)}`
  const cacheOf = async (headers: Record<string, string>, next?: SessionsProxyOptions['next']) =>
    (await proxied(headers, next === undefined ? {} : { next })).answer.headers.get('cache-control')
  expect(await cacheOf({ cookie, ...document })).toBe('private, no-store')
  expect(await cacheOf({ cookie })).toBeNull()
  const own = () => new Response('', { headers: { 'Cache-Control': 'private, max-age=5' } })
  expect(await cacheOf({ cookie, ...document }, own)).toBe('private, max-age=5')
})

it('leaves the other cookies of a request as they came, unless it has to sign anew', async () => {
  const others = 'full=100%; flag; a=b; a=c'
  const cookie = `${others}; sessions=${await signedWith(...secrets)}`
  const { set, request } = await proxied({ cookie, ...document })
  expect(set).toHaveLength(1)
  expect(request.headers.get('cookie')).toBe(cookie)
})

it('knows a request that came over TLS, by the first proxy that saw it or by its own address', async () => {
  const credential = await signedWith(...secrets)
  const secure = { cookie: `__Host-sessions=${credential}`, ...document }
  const plain = { cookie: `sessions=${credential}`, ...document }
  const named = async (headers: Record<string, string>, url?: string) =>
    (await proxied(headers, {}, url === undefined ? {} : { url })).set.map(([name]) => name)
  expect(await named({ ...secure, 'x-forwarded-proto': ' https , http' })).toEqual(['__Host-sessions'])
  expect(await named({ ...secure, 'x-forwarded-proto': 'http, https' })).toEqual([])
  expect(await named(secure, 'https://shop.example/a')).toEqual(['__Host-sessions'])
  expect(await named(secure)).toEqual([])
  expect(await named({ ...plain, 'x-forwarded-proto': 'http' }, 'https://shop.example/a')).toEqual([
    'sessions',
  ])
})

it('plants no cookie in a browser whose credential came in a header', async () => {
  const credential = await signedWith(old)
  const { answer, request } = await proxied({ 'x-session-id': credential, cookie: 'a=b' }, { header: true })
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(request.headers.get('cookie')).toBe('a=b')
  const redirect = () => '/start'
  const known = await proxied({ 'x-session-id': credential }, { header: true, redirect })
  expect(known.answer.status).toBe(200)
  expect((await proxied({ 'x-session-id': credential }, { redirect })).answer.status).toBe(307)
})

it('sends those without a credential where it is told to', async () => {
  const to = async (target: string | URL | undefined, headers: Record<string, string> = {}) => {
    const nextConfig = { basePath: '/base' }
    const url = 'http://shop.example/base/a'
    const { answer } = await proxied(headers, { redirect: () => target }, { url, nextConfig })
    return [answer.status, answer.headers.get('location')]
  }
  expect(await to('/start')).toEqual([307, 'http://shop.example/base/start'])
  expect(await to('start')).toEqual([307, 'http://shop.example/base/start'])
  expect(await to('https://login.example/')).toEqual([307, 'https://login.example/'])
  expect(await to(new URL('https://login.example/x'))).toEqual([307, 'https://login.example/x'])
  expect(await to(undefined)).toEqual([200, null])
  // Not from there to there, for ever.
  for (const here of ['/a', '/a/', '/a?again', 'http://shop.example/base/a'])
    expect(await to(here)).toEqual([200, null])
  expect(await to('/a/b')).toEqual([307, 'http://shop.example/base/a/b'])
  expect(await to('https://shop.example/base/a')).toEqual([307, 'https://shop.example/base/a'])
  expect(await to('/start', { cookie: `sessions=${await signedWith(old)}` })).toEqual([200, null])
})

it('goes on as it is told to, with the cookies of now', async () => {
  const cookie = `sessions=${await signedWith(old)}`
  const passed = await proxied({ cookie, 'x-own': 'yes' })
  // How Next passes the headers of a request on.
  expect(passed.answer.headers.get('x-middleware-request-x-own')).toBe('yes')
  expect(passed.answer.headers.get('x-middleware-request-cookie')).toBe(passed.request.headers.get('cookie'))
  const plain = () => new Response('mine', { status: 201, headers: { 'x-mine': 'yes' } })
  const { answer, set } = await proxied({ cookie }, { next: plain })
  expect([answer.status, answer.headers.get('x-mine'), await answer.text(), set.length]).toEqual([
    201,
    'yes',
    'mine',
    1,
  ])
  const made = NextResponse.json({})
  expect((await proxied({ cookie }, { next: async () => made })).answer).toBe(made)
})

it('refuses wrong options at the start', () => {
  for (const [path, options] of [
    ['secrets', { secrets }],
    ['credentialSecrets', { credentialSecrets: [] }],
    ['absoluteMs', { credentialSecrets: secrets, absoluteMs: '30d' }],
    ['refresh', { credentialSecrets: secrets, refresh: 'no' }],
    ['redirect', { credentialSecrets: secrets, redirect: '/start' }],
    ['cookie.name', { credentialSecrets: secrets, cookie: { name: 'a b' } }],
  ] as const)
    expect(() => sessionsProxy(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path }) as Error,
    )
})
