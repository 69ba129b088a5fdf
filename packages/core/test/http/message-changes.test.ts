import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { apiFixture } from '../../src/testing.js'
import { dumpOf } from '../turn/store-dump.js'

const secret = 'my number is forty-seven'

async function open() {
  const store = memoryStore()
  await createSessions({ store }).for({ tenantId: 'acme', userId: 'alice' }).create({ id: 'one' })
  const api = apiFixture({ store })
  const send = async (method: string, path: string, body?: unknown, key?: string) => {
    const response = await api.handle(
      new Request(`https://api.test/sessions/one${path}`, {
        method,
        headers: {
          authorization: 'Bearer acme/alice',
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
    const replayed = response.headers.get('idempotency-replayed')
    return { status: response.status, replayed, body: (await response.json()) as Record<string, unknown> }
  }
  return { store, send }
}

it.each([
  ['redact', '/messages/1/redact'],
  ['reset', '/reset'],
] as const)(
  'a keyed request that was answered before a %s is answered without the words',
  async (_, path) => {
    const { store, send } = await open()
    const append = async () => send('POST', '/messages', { messages: [{ content: secret }] }, 'append')
    const amend = async () => send('PATCH', '/messages/1', { content: `${secret}!` }, 'amend')
    const state = async () => send('PUT', '/state', { a: 1 }, 'state')
    expect([(await append()).status, (await amend()).status, (await state()).status]).toEqual([201, 200, 200])
    expect((await amend()).body).toMatchObject({ message: { content: `${secret}!` } })
    expect(await dumpOf(store, 'acme')).toContain('forty-seven')
    expect((await send('POST', path)).status).toBe(200)
    expect(await dumpOf(store, 'acme')).not.toContain('forty-seven')
    for (const [again, status] of [
      [append, 201],
      [amend, 200],
      [state, 200],
    ] as const) {
      expect(await again()).toEqual({ status, replayed: 'true', body: { erased: true } })
    }
    expect((await send('PATCH', '/messages/1', { content: 'another' }, 'amend')).status).toBe(422)
    expect(await dumpOf(store, 'acme')).not.toContain('forty-seven')
  },
)

it('a keyed redaction that is sent again is the same redaction', async () => {
  const { send } = await open()
  await send('POST', '/messages', { messages: [{ content: secret }] })
  const first = await send('POST', '/messages/1/redact', undefined, 'key')
  const again = await send('POST', '/messages/1/redact', undefined, 'key')
  expect(again).toEqual({ ...first, replayed: 'true' })
})
