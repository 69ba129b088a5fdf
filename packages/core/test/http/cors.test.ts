import { expect, it } from 'vitest'
import { apiFixture } from '../../src/testing.js'

type Options = NonNullable<Parameters<typeof apiFixture>[0]>

const shop = 'https://shop.example'
const allowed =
  'Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, X-Request-Id'
const exposed = 'ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id'

/** What an answer says of other origins. */
async function asked(options: Options, method: string, headers: Record<string, string> = {}) {
  const api = apiFixture(options)
  const { status, headers: sent } = await api.handle(
    new Request('https://api.test/sessions', { method, headers }),
  )
  const said = Object.fromEntries([...sent].filter(([name]) => name.startsWith('access-control-')))
  const varies = (sent.get('vary') ?? '').split(', ').includes('Origin')
  return { status, varies, said }
}

const preflight = { origin: shop, 'access-control-request-method': 'POST' }

it('says nothing of origins where none is allowed', async () => {
  expect(await asked({}, 'OPTIONS', preflight)).toEqual({ status: 204, varies: false, said: {} })
  const { varies, said } = await asked({}, 'GET', { origin: shop })
  expect([varies, said]).toEqual([false, {}])
})

it('lets pages of an allowed origin read the answer, with cookies only where that is allowed', async () => {
  const cors = { origins: [shop] }
  const said = { 'access-control-allow-origin': shop, 'access-control-expose-headers': exposed }
  const plain = await asked({ cors, header: false }, 'GET', { origin: shop })
  expect([plain.varies, plain.said]).toEqual([true, said])
  const credentials = { ...cors, credentials: true }
  expect((await asked({ cors: credentials, header: false }, 'GET', { origin: shop })).said).toEqual({
    ...said,
    'access-control-allow-credentials': 'true',
  })
  expect((await asked({ cors, header: true }, 'GET', { origin: shop })).said).toEqual({
    ...said,
    'access-control-expose-headers': `${exposed}, X-Session-Id`,
  })
  for (const origin of [undefined, 'https://evil.example', 'null']) {
    const other = await asked({ cors }, 'GET', origin === undefined ? {} : { origin })
    expect([other.varies, other.said]).toEqual([true, {}])
  }
})

it('tells a page before it asks what it may send, and for how long that holds', async () => {
  const cors = { origins: [shop] }
  const { status, said } = await asked({ cors, header: false }, 'OPTIONS', preflight)
  expect(status).toBe(204)
  expect(said).toEqual({
    'access-control-allow-origin': shop,
    'access-control-expose-headers': exposed,
    'access-control-allow-methods': 'POST, GET, HEAD, OPTIONS',
    'access-control-allow-headers': allowed,
    'access-control-max-age': '600',
  })
  const other = await asked({ cors: { ...cors, maxAgeMs: 5999 }, header: true }, 'OPTIONS', preflight)
  expect(other.said).toMatchObject({
    'access-control-allow-headers': `${allowed}, X-Session-Id`,
    'access-control-max-age': '5',
  })
})

it('lets pages without an origin call, without cookies', async () => {
  const { said } = await asked({ cors: { origins: ['null'] } }, 'OPTIONS', { ...preflight, origin: 'null' })
  expect(said).toMatchObject({ 'access-control-allow-origin': 'null' })
  expect(said).not.toHaveProperty('access-control-allow-credentials')
})

it('tells no other page, and nobody who asks for no method', async () => {
  const cors = { origins: [shop] }
  const evil = { ...preflight, origin: 'https://evil.example' }
  expect(await asked({ cors }, 'OPTIONS', evil)).toEqual({ status: 204, varies: true, said: {} })
  const { said } = await asked({ cors, header: false }, 'OPTIONS', { origin: shop })
  expect(said).toEqual({ 'access-control-allow-origin': shop, 'access-control-expose-headers': exposed })
})
