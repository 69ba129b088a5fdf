import { expect, it } from 'vitest'
import { apiFixture, ApiClient } from '../../src/testing.js'

const api = apiFixture()
const alice = new ApiClient(
  (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
  'acme/alice',
)

it('shows what a context tells of preferences, cart and state', async () => {
  const made = await alice.post('/sessions', {
    preferences: { color: 'teal' },
    state: { phase: 'packing' },
    cart: [{ sku: 'P1', name: 'Pannikin', price: { amount: 1, currency: 'EUR' } }],
    messages: [{ content: 'Hello' }],
  })
  const { id } = (made.body as { session: { id: string } }).session
  const shown = async (include: string) => {
    const { status, body } = await alice.get(`/sessions/${id}/context${include}`)
    const text = JSON.stringify((body as { context?: { messages: object[] } }).context?.messages)
    return [status, ...['teal', 'Pannikin', 'packing'].map((word) => text?.includes(word))]
  }
  expect(await shown('')).toEqual([200, false, false, false])
  expect(await shown('?include=preferences,cart,state')).toEqual([200, true, true, true])
  expect(await shown('?include=cart')).toEqual([200, false, true, false])
  const refused = await alice.get(`/sessions/${id}/context?include=cart,secrets`)
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid' } })
})
