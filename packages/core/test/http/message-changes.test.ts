import { expect, it } from 'vitest'
import { createSessions, memoryStore, type Session } from '../../src/index.js'
import { apiFixture } from '../../src/testing.js'
import { changingStore } from '../changing-store.js'
import { dumpOf } from '../turn/store-dump.js'

const secret = 'my number is forty-seven'

/** @param then What happens right after the n-th call of the store that the API makes. */
async function open(
  then: (call: number, session: () => Promise<Session>) => Promise<unknown> | void = () => {},
) {
  const store = memoryStore()
  const mine = createSessions({ store }).for({ tenantId: 'acme', userId: 'alice' })
  await mine.create({ id: 'one' })
  const changing = changingStore(store, async (call) => then(call, async () => mine.get('one')))
  const api = apiFixture({ store: changing.store })
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
  return { store, send, calls: changing.calls }
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

it.each([
  ['redacted', async (session: Session) => session.redact(1)],
  ['reset', async (session: Session) => session.reset()],
] as const)('no answer keeps words that are %s while its request is executed', async (_, forget) => {
  for (let at = 1, calls = 1; at <= calls; at++) {
    let begun = Number.NaN
    const {
      store,
      send,
      calls: made,
    } = await open(async (call, session) => (call === begun + at ? forget(await session()) : undefined))
    await send('POST', '/messages', { messages: [{ content: secret }] })
    begun = made.length
    const annotate = async () => send('PATCH', '/messages/1/annotations', { rating: 'up' }, 'annotate')
    const { status } = await annotate()
    calls = made.length - begun
    expect(await dumpOf(store, 'acme'), `after call ${at}`).not.toContain('forty-seven')
    // Once it was executed, a repeat is told that it was, whatever became of the words.
    const again = await annotate()
    expect(again.status, `after call ${at}`).toBe(status)
    expect(JSON.stringify(again.body), `after call ${at}`).not.toContain('forty-seven')
  }
})
