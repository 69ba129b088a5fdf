import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { ApiClient, apiFixture } from '../../src/testing.js'
import { dumpOf } from '../turn/store-dump.js'

const redact = (text: string): string => {
  if (text.includes('unreadable')) throw new Error('away: secret-0')
  return text.replaceAll(/secret-\w+/g, '[gone]')
}

function scene() {
  const store = memoryStore()
  const api = apiFixture({ sessions: createSessions({ store, redact, onWarning: () => {} }) })
  const alice = new ApiClient(
    (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
    'acme/alice',
  )
  return { store, alice }
}

it('keeps no digest of a request that could be guessed, and gives its answer again', async () => {
  const { store, alice } = scene()
  const id = await alice.newSession()
  const send = () =>
    alice.post(
      `/sessions/${id}/messages`,
      { messages: [{ role: 'user', content: 'I am secret-1' }] },
      { 'idempotency-key': crypto.randomUUID().replaceAll(/./g, 'k') },
    )
  const first = await send()
  expect(first.status).toBe(201)
  const again = await send()
  expect(again.body).toEqual(first.body)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  const { items } = await store.list({ tenantId: '~requests:acme', limit: 10 })
  const { body } = (await store.read(items[0]!))!
  expect(JSON.parse(body)).toMatchObject({ answer: { isSealed: true } })
  expect(await dumpOf(store, 'acme')).not.toContain('secret')
})

it('answers 503 when a text cannot be redacted, and does not say why', async () => {
  const { alice } = scene()
  const id = await alice.newSession()
  const { status, body } = await alice.post(`/sessions/${id}/messages`, {
    messages: [{ role: 'user', content: 'unreadable' }],
  })
  expect({ status, code: body.code }).toEqual({ status: 503, code: 'redaction_failed' })
  expect(JSON.stringify(body)).not.toContain('secret')
  expect((await alice.get(`/sessions/${id}/messages`)).body.messages).toEqual({ items: [] })
})
