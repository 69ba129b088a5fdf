import { describe, expect, it } from 'vitest'
import { checkOrigin, isOfAnotherSite } from '../../src/http/csrf.js'

const rules = { trustedOrigins: ['https://shop.example'], hasHeaderMode: true }
const own = 'https://api.example'
const site = (value: string) => ({ 'sec-fetch-site': value })
const cookie = { cookie: 'a=b' }
const carriages = {
  cookie,
  header: { ...cookie, 'x-session-id': 'c' },
  bearer: { ...cookie, authorization: 'Bearer t' },
  // The name of the scheme stands where a password may stand.
  basic: { ...cookie, authorization: 'Basic Bearer t' },
  none: {},
} as const

const origins: [string, Record<string, string>, allowed: readonly (keyof typeof carriages)[]][] = [
  ['its own page', site('same-origin'), ['cookie', 'header', 'bearer', 'basic', 'none']],
  ['the user', site('none'), ['cookie', 'header', 'bearer', 'basic', 'none']],
  ['another site', site('cross-site'), ['header', 'bearer']],
  ['another host of the site', site('same-site'), ['header', 'bearer']],
  ['another site, with an origin like ours', { ...site('cross-site'), origin: own }, ['header', 'bearer']],
  [
    'a trusted page',
    { ...site('cross-site'), origin: 'https://shop.example' },
    ['cookie', 'header', 'bearer', 'basic', 'none'],
  ],
  ['its own page, in an old browser', { origin: own }, ['cookie', 'header', 'bearer', 'basic', 'none']],
  ['another site, in an old browser', { origin: 'https://evil.example' }, ['header', 'bearer']],
  // Each holds our name: at its end, at its beginning, with another port, with a name before it.
  ['a name that ends as ours', { origin: 'https://evilapi.example' }, ['header', 'bearer']],
  ['a name that begins as ours', { origin: 'https://api.example.evil.example' }, ['header', 'bearer']],
  ['another port of our host', { origin: 'https://api.example:8443' }, ['header', 'bearer']],
  ['a host below ours', { origin: 'https://evil.api.example' }, ['header', 'bearer']],
  [
    'a trusted name with more behind it',
    { origin: 'https://shop.example.evil.example' },
    ['header', 'bearer'],
  ],
  ['a page without an origin', { origin: 'null' }, ['header', 'bearer']],
  ['no browser, as far as one can tell', {}, ['header', 'bearer', 'none']],
]

const isAllowed = (method: string, headers: Record<string, string>) => {
  const url = new URL(`${own}/sessions`)
  try {
    checkOrigin(new Request(url, { method, headers }), url, rules)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'csrf' })
    return false
  }
}

describe.each(origins)('from %s', (_, from, allowed) => {
  it.each(Object.keys(carriages) as (keyof typeof carriages)[])('carried by %s', (transport) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(isAllowed(method, { ...carriages[transport], ...from }), method).toBe(
        allowed.includes(transport),
      )
    }
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect(isAllowed(method, { ...carriages[transport], ...from }), method).toBe(true)
    }
  })
})

it('takes X-Session-Id for nothing where it carries nothing', () => {
  const url = new URL(`${own}/sessions`)
  const request = new Request(url, {
    method: 'POST',
    headers: { ...carriages.header, ...site('cross-site') },
  })
  expect(() => checkOrigin(request, url, { ...rules, hasHeaderMode: false })).toThrow(/another site/)
})

it('says what is missing: the origin of a client that is no browser, or a name among the trusted ones', () => {
  const url = new URL(`${own}/sessions`)
  const send = (headers: Record<string, string>) =>
    checkOrigin(new Request(url, { method: 'POST', headers: { ...cookie, ...headers } }), url, rules)
  expect(() => send({})).toThrow(/: it has cookies, and neither Origin nor Sec-Fetch-Site/)
  expect(() => send({ origin: own })).not.toThrow()
  for (const from of [{ origin: 'https://evil.example' }, site('same-site')]) {
    expect(() => send(from)).toThrow(/nor of one of trustedOrigins/)
  }
})

it('lets a page that may send no cookies send none', () => {
  const url = new URL(`${own}/sessions`)
  const headers = { origin: 'https://guest.example', ...site('cross-site') }
  const guests = { ...rules, guestOrigins: ['https://guest.example'] }
  expect(() => checkOrigin(new Request(url, { method: 'POST', headers }), url, guests)).not.toThrow()
  const carrying = new Request(url, { method: 'POST', headers: { ...headers, ...cookie } })
  expect(() => checkOrigin(carrying, url, guests)).toThrow(/another site/)
})

it('takes a visit through a link of another site for no request of that site', () => {
  const headers = new Headers(site('cross-site'))
  const from = (method: string) => isOfAnotherSite({ method, headers }, new URL(own), rules)
  expect(from('GET')).toBe(false)
  expect(from('POST')).toBe(true)
})

it('knows its own page where a proxy names the port that the scheme has anyway', () => {
  const from = (origin: string, host: string) => {
    const headers = new Headers({ origin })
    return !isOfAnotherSite({ method: 'POST', headers }, { host }, { trustedOrigins: [] })
  }
  for (const host of ['api.example', 'api.example:443', 'API.example'])
    expect(from(own, host), host).toBe(true)
  expect(from('http://api.example', 'api.example:80')).toBe(true)
  expect(from('https://api.example:8443', 'api.example:8443')).toBe(true)
  for (const host of ['api.example:80', 'api.example:8443', 'evil.example:443', ''])
    expect(from(own, host), host).toBe(false)
  for (const origin of ['null', 'https://', '']) expect(from(origin, ''), origin).toBe(false)
  expect(from('http://api.example', 'api.example:443')).toBe(false)
  for (const scheme of ['capacitor', 'chrome-extension', 'ftp', 'javascript'])
    expect(from(`${scheme}://api.example`, 'api.example'), scheme).toBe(false)
})
