import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import type { ApiFixtureOptions } from '../../src/testing/api-fixture.js'
import { collect } from '../../src/testing/api-case.js'
import { until } from '../../src/testing/until.js'

function open(options: ApiFixtureOptions = {}) {
  const api = apiFixture(options)
  return (token?: string) =>
    new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)), token)
}

/** An anonymous session, and its credential. */
async function held(nobody: ApiClient) {
  const made = await nobody.post('/sessions', {})
  return {
    id: made.body.session.id as string,
    headers: { 'x-session-id': made.headers.get('x-session-id')! },
  }
}

type As = ReturnType<typeof open>
const ends: [string, (as: As, id: string, headers: Record<string, string>) => Promise<unknown>][] = [
  [
    'given to a user',
    (as, id, headers) => as('public/alice').post(`/sessions/${id}/bind`, undefined, headers),
  ],
  [
    'moved',
    async (as, id, headers) => {
      const { secret } = (await as().post(`/sessions/${id}/transfer`, { mode: 'move' }, headers)).body
      const redeemed = await as().post('/transfers/redeem', { secret })
      expect(redeemed.status).toBe(200)
    },
  ],
  ['deleted', (as, id, headers) => as().send('DELETE', `/sessions/${id}`, { headers })],
]

describe.each(ends)('of a session that is %s', (_, end) => {
  it('a stream of events ends, and shows nothing of what comes', async () => {
    const as = open()
    const { id, headers } = await held(as())
    const reading = as().events('GET', `/sessions/${id}/events`, { headers })
    expect((await reading.next()).value!.event).toBe('session.changed')
    await end(as, id, headers)
    const rest = await collect(reading)
    for (const { event, data } of rest) {
      if (event === 'session.changed') expect(data.session.userId).toBeUndefined()
    }
    expect(rest.at(-1)!.event).toBe('session.ended')
  })

  it.each([
    ['begun with it', 'POST'],
    ['watched', 'GET'],
    ['watched from another process', 'elsewhere'],
  ])('a stream of a turn ends, %s', async (_title, how) => {
    const store = memoryStore()
    const [as, elsewhere] = [open({ store }), open({ store })]
    const { id, headers } = await held(as())
    const begun = as().events('POST', `/sessions/${id}/message`, { headers, body: { content: 'slow' } })
    const { turnId } = (await begun.next()).value!.data as { turnId: string }
    await begun.next()
    const path = `/sessions/${id}/turns/${turnId}`
    const reading =
      how === 'POST' ? begun : (how === 'GET' ? as : elsewhere)().events('GET', path, { headers })
    if (how !== 'POST') await reading.next()
    await end(as, id, headers)
    const rest = await collect(reading)
    expect(rest.map(({ event }) => event)).not.toContain('response.completed')
    await begun.return()
  })
})

it('ends a watch of the user’s own session when somebody else owns it by now', async () => {
  const store = memoryStore()
  const as = open({ store })
  const alice = as('acme/alice')
  const id = await alice.newSession()
  const reading = alice.events('GET', `/sessions/${id}/events`)
  await reading.next()
  await store.commit({ tenantId: 'acme', id }, { userId: 'bob' })
  expect((await collect(reading)).map(({ event }) => event)).toEqual(['session.ended'])
})

it('opens so many streams for a caller and no more, and another when one has ended', async () => {
  const as = open({ maxOpenStreams: 2 })
  const alice = as('acme/alice')
  const [one, two] = [await alice.newSession(), await alice.newSession()]
  const first = alice.events('GET', `/sessions/${one}/events`)
  await first.next()
  const second = alice.events('POST', `/sessions/${two}/message`, { body: { content: 'slow' } })
  await second.next()
  for (const [method, path, body] of [
    ['GET', `/sessions/${two}/events`, undefined],
    ['GET', `/sessions/${two}/turns/current`, undefined],
    ['POST', `/sessions/${one}/message?stream=true`, { content: 'count' }],
  ] as const) {
    const refused = await alice.send(method, path, body === undefined ? {} : { body })
    expect(refused, path).toMatchObject({ status: 429, body: { code: 'limit_reached' } })
  }
  expect(await alice.lines(one)).toEqual([])
  // Anonymous holders are counted by what they hold.
  const { id, headers } = await held(as())
  const theirs = as().events('GET', `/sessions/${id}/events`, { headers })
  await theirs.next()
  await theirs.return()
  await first.return()
  await until(async () => {
    const again = alice.events('POST', `/sessions/${one}/message`, { body: { content: 'count' } })
    try {
      return (await collect(again)).at(-1)!.event === 'response.completed'
    } catch {
      return false
    }
  })
  await alice.post(`/sessions/${two}/cancel`)
  await collect(second)
})

it('looks once at a session for all who watch it in a process', async () => {
  const inner = memoryStore()
  let reads = 0
  const store = Object.assign(Object.create(inner) as SessionStore, {
    read: (...given: Parameters<SessionStore['read']>) => {
      reads++
      return inner.read(...given)
    },
  })
  const as = open({ store, maxOpenStreams: 1000 })
  const alice = as('acme/alice')
  const id = await alice.newSession()
  const readers = Array.from({ length: 100 }, () => alice.events('GET', `/sessions/${id}/events`))
  await Promise.all(readers.map((reader) => reader.next()))
  reads = 0
  await alice.send('PATCH', `/sessions/${id}`, { body: { title: 'new' } })
  const own = reads
  const seen = await Promise.all(readers.map((reader) => reader.next()))
  for (const { value } of seen) expect(value!.data.session.title).toBe('new')
  expect(reads - own).toBeLessThan(10)
  await Promise.all(readers.map((reader) => reader.return()))
})
