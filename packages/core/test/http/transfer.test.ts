import { describe, expect, it } from 'vitest'
import { memoryStore, newId, type SessionStore } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import type { ApiFixtureOptions } from '../../src/testing/api-fixture.js'

function place(options: ApiFixtureOptions = {}, origin = 'https://api.test') {
  const api = apiFixture(options)
  const clientOf = (token?: string) =>
    new ApiClient((path, init) => api.handle(new Request(`${origin}${path}`, init)), token)
  return { api, clientOf, nobody: clientOf() }
}

/** All that a store was ever given, as one text. */
function watched(): { store: SessionStore; dump: () => string } {
  const inner = memoryStore()
  const given: string[] = []
  const store: SessionStore = {
    ...inner,
    commit: (ref, change) => {
      given.push(JSON.stringify([ref, change]))
      return inner.commit(ref, change)
    },
  }
  return { store, dump: () => given.join('\n') }
}

/** The ways a text could stand somewhere. */
const spellings = (text: string) => [
  text,
  Buffer.from(text).toString('hex'),
  Buffer.from(text).toString('base64').replaceAll('=', ''),
  Buffer.from(text).toString('base64url'),
]

const cookieOf = (headers: Headers) => headers.getSetCookie()[0]!.split(';')[0]!

describe('what the store is given', () => {
  it('holds no secret, no code and no credential, with keys and without', async () => {
    const { store, dump } = watched()
    const { nobody } = place({ store })
    const said: string[] = []
    for (const isKeyed of [false, true]) {
      const key = () => (isKeyed ? { 'idempotency-key': `${newId()}${newId()}` } : {})
      const made = await nobody.post('/sessions', { title: 'T' }, key())
      const id = made.body.session.id as string
      const credential = made.headers.get('x-session-id')!
      const held = { 'x-session-id': credential }
      said.push(credential)
      for (const mode of ['share', 'copy', 'move']) {
        for (const kind of ['secret', 'shortCode'] as const) {
          const path = `/sessions/${id}/transfer`
          const begin = { ...held, ...key() }
          const started = await nobody.post(path, { mode, confirm: 'source' }, begin)
          if (isKeyed)
            expect((await nobody.post(path, { mode, confirm: 'source' }, begin)).body).toEqual(started.body)
          const { secret, shortCode, transferId } = started.body
          said.push(secret, shortCode)
          const ask = { [kind]: started.body[kind] }
          await nobody.post('/transfers/describe', ask, key())
          // A question that spends nothing, for the device holds a session: the code is still good then.
          const other = await nobody.post('/sessions', {}, key())
          const occupied = { 'x-session-id': other.headers.get('x-session-id')!, ...key() }
          expect((await nobody.post('/transfers/redeem', ask, occupied)).status).toBe(409)
          const waiting = await nobody.post('/transfers/redeem', ask, key())
          const { redemptionId, matchCode } = waiting.body
          said.push(redemptionId)
          await nobody.post(
            `/sessions/${id}/transfers/${transferId}/approve`,
            { matchCode },
            { ...held, ...key() },
          )
          const redeemed = await nobody.post('/transfers/redeem', { ...ask, redemptionId }, key())
          expect(redeemed.body.status).toBe('redeemed')
          said.push(redeemed.headers.get('x-session-id')!)
          if (mode === 'move') held['x-session-id'] = redeemed.headers.get('x-session-id')!
        }
      }
    }
    const text = dump()
    expect(said.length).toBeGreaterThan(40)
    for (const each of said) {
      for (const spelling of spellings(each)) expect(text.includes(spelling), each).toBe(false)
    }
  })
})

describe('links', () => {
  it('lead to the page of the settings, whatever a request says of its host', async () => {
    const { nobody } = place({}, 'https://evil.example')
    const made = await nobody.post('/sessions', {})
    const headers = { 'x-session-id': made.headers.get('x-session-id')!, 'x-forwarded-host': 'evil.example' }
    const started = await nobody.post(`/sessions/${made.body.session.id}/transfer`, { mode: 'move' }, headers)
    expect(new URL(started.body.url as string).origin).toBe('https://app.test')
    expect(started.headers.get('referrer-policy')).toBe('no-referrer')
    expect(started.headers.get('cache-control')).toContain('no-store')
  })
})

describe('in cookies', () => {
  it('a page of another site cannot put its link in the place of the visitor’s session', async () => {
    const { nobody } = place()
    const attacker = await nobody.post('/sessions', { title: 'Theirs' })
    const theirs = { 'x-session-id': attacker.headers.get('x-session-id')! }
    const path = `/sessions/${attacker.body.session.id}/transfer`
    const { secret } = (await nobody.post(path, { mode: 'share' }, theirs)).body
    const victim = await nobody.post('/sessions', { title: 'Mine' })
    const cookie = cookieOf(victim.headers)
    for (const headers of [
      { cookie },
      { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { cookie, 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'null' },
    ] as Record<string, string>[]) {
      for (const body of [{ secret }, { secret, replace: true }]) {
        const refused = await nobody.post('/transfers/redeem', body, headers)
        expect([refused.status, refused.body.code]).toEqual([403, 'csrf'])
        expect(refused.headers.getSetCookie()).toEqual([])
      }
    }
    const own = { cookie, 'sec-fetch-site': 'same-origin' }
    const asked = await nobody.post('/transfers/redeem', { secret }, own)
    expect([asked.status, asked.headers.getSetCookie()]).toEqual([409, []])
    const redeemed = await nobody.post('/transfers/redeem', { secret, replace: true }, own)
    const { id } = redeemed.body.session
    expect(id).toBe(attacker.body.session.id)
    const now = cookieOf(redeemed.headers)
    expect((await nobody.get(`/sessions/${id}`, { headers: { cookie: now } })).status).toBe(200)
    const left = `/sessions/${victim.body.session.id}`
    expect((await nobody.get(left, { headers: { cookie } })).status).toBe(200)
  })
})

describe('who redeems', () => {
  it('is who the application says, where it says so', async () => {
    const audienceOf = (request: Request) => request.headers.get('x-assistant') ?? undefined
    const { nobody } = place({ audienceOf })
    const made = await nobody.post('/sessions', {})
    const held = { 'x-session-id': made.headers.get('x-session-id')! }
    const path = `/sessions/${made.body.session.id}/transfer`
    const { secret } = (await nobody.post(path, { mode: 'share', audience: 'phone' }, held)).body
    const redeem = (headers: Record<string, string>) =>
      nobody.post('/transfers/redeem', { secret, audience: 'phone' }, headers)
    expect((await redeem({})).status).toBe(404)
    expect((await redeem({ 'x-assistant': 'claude' })).status).toBe(404)
    expect((await redeem({ 'x-assistant': 'phone' })).status).toBe(200)
  })

  it('is counted by both limiters, and by the tries of short codes', async () => {
    const counts = { all: 0, missed: 0 }
    const counting = (name: keyof typeof counts, points: number) => ({
      points,
      consume: async () => {
        const room = { remainingPoints: points - ++counts[name], msBeforeNext: 1000 }
        return room.remainingPoints < 0 ? Promise.reject(room) : room
      },
    })
    const limits = { limiter: counting('all', 100), missLimiter: counting('missed', 8) }
    const { nobody } = place({ ...limits, limitKey: (request) => request.headers.get('x-address') ?? '' })
    const redeem = (body: object, address = '192.0.2.1') =>
      nobody.post('/transfers/redeem', body, { 'x-address': address })
    const statuses: number[] = []
    for (let index = 0; index < 6; index++) {
      statuses.push((await redeem({ shortCode: `ZZZZZZZ${index}` })).status)
    }
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429])
    const locked = await redeem({ shortCode: 'ZZZZZZZZ' })
    expect(locked.body).toMatchObject({ code: 'limit_reached', path: 'shortCode' })
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0)
    for (let index = 0; index < 3; index++) {
      expect((await redeem({ shortCode: `ZZZZZZZ${index}` }, '192.0.2.2')).status).toBe(404)
    }
    const limited = await redeem({ secret: 'x' }, '192.0.2.3')
    expect([limited.status, limited.body.code]).toEqual([429, 'rate_limited'])
    expect(counts).toEqual({ all: 11, missed: 9 })
  })
})
