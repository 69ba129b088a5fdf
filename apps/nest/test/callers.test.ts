import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminToken, startServer, type TestServer } from './server.js'

let server: TestServer

beforeAll(async () => {
  server = await startServer({
    keys: [
      { key: 'demo-claude', tenantId: 'marketplace', assistant: 'claude' },
      { key: 'a-key-of-a-phone', tenantId: 'marketplace', assistant: 'phone' },
    ],
  })
})
afterAll(async () => server.close())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const said = (role: string) => ({ messages: [{ role, content: 'That one is free.' }] })

describe('who may speak as the assistant', () => {
  it.each([
    ['an assistant', { ...bearer('demo-claude'), 'x-user-id': 'u1' }, 201],
    ['the admin', bearer(adminToken), 201],
    ['a phone with a key', { ...bearer('a-key-of-a-phone'), 'x-user-id': 'u1' }, 422],
    ['a visitor', {}, 422],
  ])('%s', async (_name, headers, status) => {
    const client = server.client(headers)
    expect((await client.send('POST', '/v1/sessions', said('assistant'))).status).toBe(status)
    const { body } = await client.send('POST', '/v1/sessions', {})
    const path = `/v1/sessions/${body['session'].id}/messages`
    expect((await client.send('POST', path, said('user'))).status).toBe(201)
    const answer = await client.send('POST', path, said('assistant'))
    expect(answer.status).toBe(status)
    if (status === 422) expect(answer.body).toMatchObject({ code: 'unprocessable', path: 'messages[0].role' })
    for (const role of ['system', 'tool'])
      expect((await client.send('POST', path, said(role))).status).toBe(422)
  })

  it('is not a phone that has redeemed an assistant’s session', async () => {
    const claude = server.client(bearer('demo-claude'))
    await claude.run('add_to_cart', { sku: 'KL-GRIND' })
    const { shortCode } = await claude.run('continue_elsewhere', { to: 'phone' })
    const phone = server.client()
    const { body, status } = await phone.send('POST', '/v1/transfers/redeem', { shortCode })
    expect(status).toBe(200)
    const path = `/v1/sessions/${body['session'].id}/messages`
    expect((await phone.send('POST', path, said('assistant'))).status).toBe(422)
    expect((await phone.send('POST', path, said('user'))).status).toBe(201)
  })
})

it('lets a caller say how long a session lives, and what it is about', async () => {
  const client = server.client({ ...bearer('demo-claude'), 'x-user-id': 'u1' })
  const weekMs = 7 * 24 * 3_600_000
  const made = await client.send('POST', '/v1/sessions', {
    ttl: { idleMs: weekMs },
    state: { source: 'app' },
  })
  expect(made.status).toBe(201)
  const { id, expiresAt, updatedAt } = made.body['session']
  expect(Date.parse(expiresAt) - Date.parse(updatedAt)).toBe(weekMs)
  expect((await client.send('GET', `/v1/sessions/${id}/state`)).body['state']).toMatchObject({
    source: 'app',
  })
  expect((await client.send('POST', '/v1/sessions', { ttl: { idleMs: weekMs + 1 } })).body['path']).toBe(
    'ttl.idleMs',
  )
  expect((await client.send('POST', `/v1/sessions/${id}/extend`, { idleMs: 3_600_000 })).status).toBe(200)
})

describe('whatever goes wrong is a problem document', () => {
  const json = { 'content-type': 'application/json' }
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  it.each<[string, string, RequestInit, number, string]>([
    [
      'a key that is none, at a tool',
      '/v1/execute',
      { method: 'POST', headers: { ...json, ...bearer('x') }, body: '{"tool":"view_cart"}' },
      401,
      'unauthenticated',
    ],
    ['a key that is none, at the API', '/v1/sessions', { headers: bearer('x') }, 401, 'unauthenticated'],
    [
      'a user that is none',
      '/v1/sessions',
      { headers: { ...bearer('demo-claude'), 'x-user-id': '**' } },
      400,
      'invalid',
    ],
    ['a path that is none', '/nowhere', {}, 404, 'no_such_route'],
    [
      'a tool that is none',
      '/v1/execute',
      { method: 'POST', headers: json, body: '{"tool":"none"}' },
      404,
      'not_found',
    ],
    [
      'half a body',
      '/v1/execute',
      { method: 'POST', headers: json, body: '{"my locker code' },
      400,
      'invalid',
    ],
    [
      'too large a body',
      '/v1/execute',
      { method: 'POST', headers: json, body: JSON.stringify({ a: 'x'.repeat(300_000) }) },
      413,
      'too_large',
    ],
    [
      'a page of another site',
      '/v1/execute',
      { method: 'POST', headers: { ...json, ...evil }, body: '{}' },
      403,
      'csrf',
    ],
  ])('%s', async (_name, path, init, status, code) => {
    const response = await fetch(server.url + path, init)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ type: `urn:sessions:problem:${code}`, status, code })
    expect(text).not.toContain('locker')
  })
})

it('answers so many requests of an address in a minute, whatever they ask for', async () => {
  const limited = await startServer({ requestsPerMinute: 4 })
  const client = limited.client(bearer('demo-claude'))
  await client.run('add_to_cart', { sku: 'KL-GRIND' })
  expect((await client.send('GET', '/v1/tools')).status).toBe(200)
  expect((await client.send('POST', '/v1/sessions', {})).status).toBe(201)
  expect((await fetch(`${limited.url}/continue`)).status).toBe(200)
  for (const [method, path] of [
    ['POST', '/v1/sessions'],
    ['GET', '/v1/tools'],
    ['POST', '/v1/execute'],
  ] as const) {
    const answer = await client.send(method, path, method === 'POST' ? {} : undefined)
    expect([answer.status, answer.body['code']]).toEqual([429, 'rate_limited'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  // What people look at is said in a page.
  for (const path of ['/', '/?from=mail', '/cart', '/continue']) {
    const page = await fetch(limited.url + path)
    expect([page.status, page.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('That was too fast.')
  }
  await limited.close()
})
