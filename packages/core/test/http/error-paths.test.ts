import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { createSessions } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'

const api = apiFixture()
const alice = new ApiClient(
  (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
  'acme/alice',
)
const phone = { sku: 'P1', name: 'Phone', price: { amount: 1, currency: 'EUR' } }

describe('an error names the field of the request', () => {
  it.each([
    ['POST', 'cart/items', { ...phone, price: { amount: 1, currency: 'USD' } }, 'price.currency'],
    ['POST', 'cart/items', { ...phone, quantity: 9999 }, 'quantity'],
    ['POST', 'message', { content: '  ' }, 'content'],
    ['POST', 'message', { content: [{ type: 'text', text: ' ' }] }, 'content'],
    ['POST', 'message', { content: 'Hi', id: 'a\u0000' }, 'id'],
    ['POST', 'messages', { messages: [{ content: ' ' }] }, 'messages[0].content'],
    ['PATCH', 'messages/1', { content: ' ' }, 'content'],
  ])('%s %s %j', async (method, route, body, path) => {
    const id = await alice.newSession({ cart: [{ ...phone, quantity: 2 }], messages: [{ content: 'Hi' }] })
    const refused = await alice.send(method, `/sessions/${id}/${route}`, { body })
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid', path } })
    expect((refused.body as { detail: string }).detail).toMatch(
      new RegExp(`^${path.replaceAll(/\W/g, '\\$&')}\\b`),
    )
  })

  it('of a request that has no message to answer', async () => {
    const id = await alice.newSession()
    for (const [body, path] of [
      [{ continue: true }, 'continue'],
      [{ from: 0 }, 'from'],
    ]) {
      const refused = await alice.post(`/sessions/${id}/message`, body)
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid', path } })
    }
  })
})

it('refuses what it would not show, and a parameter that has no effect', async () => {
  const id = await alice.newSession()
  expect((await alice.get(`/sessions/${id}?include=messages`)).status).toBe(200)
  for (const include of ['message', 'messages,cost', '']) {
    const refused = await alice.get(`/sessions/${id}?include=${include}`)
    expect(refused, include).toMatchObject({ status: 400, body: { code: 'invalid' } })
  }
  const asked = await alice.post(`/sessions/${id}/message?include=messages`, { content: 'Hi' })
  expect(asked).toMatchObject({ status: 400, body: { code: 'invalid', path: 'include' } })
})

it('blames no request for what the service lacks', async () => {
  const told: unknown[] = []
  const lacking = createSessionApi({
    sessions: createSessions(),
    identify: () => ({ tenantId: 'acme', userId: 'alice' }),
    userRoutes: true,
    onError: (error) => void told.push(error),
  })
  const client = new ApiClient((path, init) => lacking.handle(new Request(`https://api.test${path}`, init)))
  const body = { purpose: 'analytics', granted: true, version: '1', source: 'settings' }
  const failed = await client.send('PUT', '/users/alice/consent', { body })
  expect(failed).toMatchObject({ status: 500, body: { code: 'internal' } })
  expect(failed.body).not.toHaveProperty('detail')
  expect(told).toMatchObject([{ cause: { code: 'invalid', path: 'consent' } }])
})
