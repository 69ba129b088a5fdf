import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import type { ApiFixtureOptions } from '../../src/testing/api-fixture.js'

function place(options: ApiFixtureOptions = {}) {
  const api = apiFixture(options)
  return new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)))
}

const hour = 3_600_000
const kilobyte = 'x'.repeat(1000)

/** A session with some 10 kB of messages; the headers open it. */
async function tenKilobytes(client: ApiClient): Promise<{ id: string; headers: Record<string, string> }> {
  const made = await client.post('/sessions', {
    messages: Array.from({ length: 10 }, () => ({ role: 'user', content: kilobyte })),
  })
  expect(made.status).toBe(201)
  return { id: made.body.session.id as string, headers: credentialOf(made.headers) }
}

function credentialOf(headers: Headers): Record<string, string> {
  const credential = headers.get('x-session-id')
  return credential === null ? {} : { 'x-session-id': credential }
}

/** Forks a session, with the credential of whoever holds it. */
const forked = async (
  client: ApiClient,
  { id, headers }: { id: string; headers: Record<string, string> },
  body = {},
) => {
  const reply = await client.post(`/sessions/${id}/fork`, body, headers)
  const fork = { id: reply.body.session?.id as string, headers: credentialOf(reply.headers) }
  return { status: reply.status, body: reply.body, fork, retryAfter: reply.headers.get('retry-after') }
}

describe('maxCopiedBytes', () => {
  it.each([undefined, 't/alice'])(
    'bounds what forks copy in an hour, of forks too, for %s',
    async (token) => {
      let now = 1_700_000_000_000
      const client = place({ store: memoryStore({ clock: () => now }), maxCopiedBytes: 30_000 }).as(token)
      const source = await tenKilobytes(client)
      let newest = source
      const statuses: number[] = []
      for (let n = 0; n < 6; n++) {
        const { status, fork } = await forked(client, newest)
        statuses.push(status)
        if (status === 201) newest = fork
      }
      expect(statuses).toEqual([201, 201, 201, 429, 429, 429])
      const refused = await forked(client, source)
      expect(refused).toMatchObject({ status: 429, body: { code: 'limit_reached', path: 'maxCopiedBytes' } })
      expect(refused.retryAfter).toMatch(/^[1-9]\d*$/)
      now += hour - 1
      expect((await forked(client, source)).status).toBe(429)
      now += 1
      expect((await forked(client, source)).status).toBe(201)
    },
  )

  it('counts for each user and for each holder apart', async () => {
    const client = place({ maxCopiedBytes: 1 })
    const alice = client.as('t/alice')
    const first = await tenKilobytes(alice)
    expect((await forked(alice, first)).status).toBe(201)
    // Another session of hers is hers, too.
    expect((await forked(alice, await tenKilobytes(alice))).status).toBe(429)
    for (const other of [client.as('t/bob'), client.as('t'), client.as('t'), client.as('u/alice')]) {
      const session = await tenKilobytes(other)
      expect((await forked(other, session)).status).toBe(201)
      expect((await forked(other, session)).status).toBe(429)
    }
  })

  it('counts whatever is read for a fork, however little of it is copied', async () => {
    const client = place({ maxCopiedBytes: 20_000 }).as('t/alice')
    const source = await tenKilobytes(client)
    for (const body of [{ atSeq: 1 }, { fromMessageIndex: 0 }]) {
      expect((await forked(client, source, body)).body.session.messageCount).toBe(1)
    }
    for (const body of [{ atSeq: 1 }, { fromMessageIndex: 0 }, { fromMessageIndex: 1000 }]) {
      expect((await forked(client, source, body)).status).toBe(429)
    }
  })

  it('lets as many forks through as fit when they come at once', async () => {
    const client = place({ maxCopiedBytes: 30_000 }).as('t/alice')
    const source = await tenKilobytes(client)
    const all = await Promise.all(Array.from({ length: 10 }, () => forked(client, source)))
    expect(all.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      201, 201, 201, 429, 429, 429, 429, 429, 429, 429,
    ])
  })

  it('bounds transfers that copy, and keeps what is refused for later', async () => {
    let now = 1_700_000_000_000
    const client = place({ store: memoryStore({ clock: () => now }), maxCopiedBytes: 15_000 })
    const source = await tenKilobytes(client.as('t'))
    const started = async () =>
      (
        await client
          .as('t')
          .post(`/sessions/${source.id}/transfer`, { mode: 'copy', expiresInMs: 15 * 60_000 }, source.headers)
      ).body.secret as string
    // Anonymous devices count towards what the line of sessions copies, each user for themselves.
    const redeem = async (token: string, secret: string) =>
      (await client.as(token).post('/transfers/redeem', { secret })).status
    expect(await redeem('t', await started())).toBe(200)
    expect((await forked(client.as('t'), source)).status).toBe(201)
    now += hour - 1000
    const secret = await started()
    expect(await redeem('t', secret)).toBe(429)
    now += 1000
    expect(await redeem('t', secret)).toBe(200)
  })

  it('is 32 MiB unasked: of ten forks of a session of 8 MB the first five', async () => {
    const client = place().as('t/alice')
    const source = await tenKilobytes(client)
    const content = 'x'.repeat(500_000)
    for (let n = 0; n < 16; n++) {
      await client.post(`/sessions/${source.id}/messages`, { messages: [{ role: 'user', content }] })
    }
    const statuses: number[] = []
    for (let n = 0; n < 10; n++) statuses.push((await forked(client, source)).status)
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429, 429, 429, 429, 429])
  })

  it('can be switched off, and must be more than nothing', async () => {
    const client = place({ maxCopiedBytes: Number.POSITIVE_INFINITY }).as('t/alice')
    const source = await tenKilobytes(client)
    for (let n = 0; n < 3; n++) expect((await forked(client, source)).status).toBe(201)
    expect(() => place({ maxCopiedBytes: 0 })).toThrow('maxCopiedBytes must be more than 0')
  })
})
