import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, startServer, type TestServer } from './server.js'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => server.close())

const form = 'application/x-www-form-urlencoded'
const crossSite = {
  Origin: 'https://evil.example',
  'Sec-Fetch-Site': 'cross-site',
  'Sec-Fetch-Mode': 'navigate',
}

/** As a browser sends it, which keeps cookies and sets no header of ours. */
async function send(
  method: string,
  path: string,
  { cookie, body, ...headers }: Record<string, string>,
): Promise<Response> {
  return fetch(`${server.url}${api}${path}`, {
    method,
    headers: { ...headers, ...(cookie === undefined ? {} : { Cookie: cookie }) },
    ...(body === undefined ? {} : { body }),
  })
}

async function startInBrowser(): Promise<{ cookie: string; path: string }> {
  const response = await send('POST', '/session', { 'Sec-Fetch-Site': 'same-origin' })
  const { data } = (await response.json()) as { data: { session_id: string } }
  const cookie = response.headers.getSetCookie()[0]!.split(';')[0]!
  await send('POST', '/query', {
    cookie,
    'Sec-Fetch-Site': 'same-origin',
    'Content-Type': 'application/json',
    body: '{"q":"show me laptops"}',
  })
  return { cookie, path: `/session/${data.session_id}` }
}

async function countOf(cookie: string, path: string): Promise<unknown> {
  const response = await send('GET', `${path}/conversation`, { cookie })
  return ((await response.json()) as { data: { count: number } }).data.count
}

const refusal = {
  success: false,
  error: { code: 'forbidden', message: expect.stringContaining('of another site') as string },
}

describe('a page of another site', () => {
  test.each([
    ['a form', '/session', { ...crossSite, 'Content-Type': form, body: 'a=1' }],
    ['a form of text', '/session', { ...crossSite, 'Content-Type': 'text/plain', body: '{"q":"hi"}' }],
    ['a form in a sandbox', '/session', { ...crossSite, Origin: 'null' }],
    ['an old browser', '/session', { Origin: 'https://evil.example' }],
    ['a site beside ours', '/session', { Origin: 'http://blog.127.0.0.1', 'Sec-Fetch-Site': 'same-site' }],
    ['a beacon', '/query', { ...crossSite, 'Content-Type': 'application/json', body: '{"q":"hi"}' }],
    ['a stream', '/query/stream', { ...crossSite, 'Content-Type': 'application/json', body: '{"q":"hi"}' }],
  ])('makes no session and no cookie: %s', async (_name, path, headers) => {
    const before = await server.count()
    const response = await send('POST', path, headers)
    expect(response.status).toBe(403)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(response.headers.get('x-session-id')).toBeNull()
    expect(await response.json()).toEqual(refusal)
    expect(await server.count()).toBe(before)
  })

  test.each([
    ['POST', '/reset', crossSite],
    ['POST', '/reset', { Origin: 'http://blog.127.0.0.1', 'Sec-Fetch-Site': 'same-site' }],
    ['POST', '/reset', { Origin: 'http://127.0.0.1:1' }],
    ['POST', '/reset', {}],
    ['POST', '/cart/checkout', crossSite],
    ['DELETE', '', crossSite],
    ['DELETE', '/cart/clear', { 'Sec-Fetch-Site': 'same-site' }],
    ['PATCH', '/cart/items/x', crossSite],
  ])('acts on no session: %s %s %j', async (method, tail, headers) => {
    const { cookie, path } = await startInBrowser()
    const response = await send(method, `${path}${tail}`, { cookie, ...(headers as Record<string, string>) })
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual(refusal)
    expect(await countOf(cookie, path)).toBe(2)
  })

  test('may lead to a page of ours, which reads', async () => {
    const { cookie, path } = await startInBrowser()
    const response = await send('GET', `${path}/info`, { cookie, ...crossSite })
    expect(response.status).toBe(200)
  })
})

test('a page of ours acts, and so does a program with a credential of its own', async () => {
  const { cookie, path } = await startInBrowser()
  const own = { Origin: server.url, 'Sec-Fetch-Site': 'same-origin' }
  expect(
    (
      await send('POST', `${path}/cart/add`, {
        ...own,
        cookie,
        'Content-Type': 'application/json',
        body: '{"sku":"KINDLE"}',
      })
    ).status,
  ).toBe(200)
  expect((await send('POST', `${path}/reset`, { cookie, Origin: server.url })).status).toBe(200)
  const credential = cookie.slice(cookie.indexOf('=') + 1)
  expect((await send('POST', `${path}/reset`, { 'X-Session-Id': credential })).status).toBe(200)
  expect((await send('POST', '/session', {})).status).toBe(201)
})
