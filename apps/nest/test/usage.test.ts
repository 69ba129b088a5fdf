import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminToken, type Client, startServer, type TestServer } from './server.js'

const prices = [{ model: 'opus', currency: 'USD', perMillion: { input: '5', output: '25' } }]
let server: TestServer
beforeAll(async () => {
  server = await startServer({ prices })
})
afterAll(() => server.close())

const as = (userId: string): Client =>
  server.client({ authorization: 'Bearer demo-claude', 'x-user-id': userId })
const admin = () => server.client({ authorization: `Bearer ${adminToken}` })
const usage = { provider: 'anthropic', model: 'opus', inputTokens: 2000, outputTokens: 300 }
const said = (content: string, more: object = {}) => ({ content, reply: `As to ${content}: yes`, ...more })

describe('what assistants have said', () => {
  it('is a turn of the session with what it used and cost, for its user and for the admin', async () => {
    const alice = as('alice')
    const first = await alice.send('POST', '/v1/turns', said('Two cups', { usage }))
    expect([first.status, first.body]).toEqual([
      201,
      {
        sessionId: expect.any(String),
        turnId: expect.any(String),
        usage: { inputTokens: 2000, outputTokens: 300, costMicros: 17_500 },
      },
    ])
    const unknown = { ...usage, model: 'another' }
    const id = first.body['sessionId'] as string
    await alice.send('POST', '/v1/turns', said('A tent', { usage: unknown, sessionId: id }))
    const { messages } = (await alice.send('GET', `/v1/sessions/${id}/messages`)).body
    expect(
      messages.items.map(({ role, content }: { role: string; content: string }) => [role, content]),
    ).toEqual([
      ['user', 'Two cups'],
      ['assistant', 'As to Two cups: yes'],
      ['user', 'A tent'],
      ['assistant', 'As to A tent: yes'],
    ])
    await as('bob').send('POST', '/v1/turns', said('A rope', { usage }))

    const mine = (await alice.send('GET', '/v1/usage')).body['usage']
    expect(mine).toEqual({
      calls: {},
      turns: 2,
      inputTokens: 4000,
      outputTokens: 600,
      costs: { USD: '0.0175' },
      unpriced: 1,
    })
    const all = (await admin().send('GET', '/v1/usage')).body['usage']
    expect(all.total).toMatchObject({ turns: 3, costs: { USD: '0.035' }, unpriced: 1 })
    expect(all.groups.map(({ model, turns }: { model: string; turns: number }) => [model, turns])).toEqual([
      ['another', 1],
      ['opus', 2],
    ])
  })

  it('is entered once by its key, and by an assistant alone', async () => {
    const carol = as('carol')
    const key = { 'idempotency-key': 'chat-7.turn-1' }
    const first = await carol.send('POST', '/v1/turns', said('A map', { usage }), key)
    const again = await carol.send('POST', '/v1/turns', said('A map', { usage }), key)
    expect(again.body).toEqual(first.body)
    expect((await carol.send('GET', '/v1/usage')).body['usage'].turns).toBe(1)
    const visitor = await server.client().send('POST', '/v1/turns', said('I am free', { usage }))
    expect([visitor.status, visitor.body['code']]).toEqual([403, 'forbidden'])
    for (const wrong of [
      {},
      said(''),
      said('x', { usage: { inputTokens: -1, outputTokens: 0 } }),
      said('x', { role: 'user' }),
    ])
      expect((await carol.send('POST', '/v1/turns', wrong)).status, JSON.stringify(wrong)).toBe(400)
    const foreign = said('Mine?', { sessionId: first.body['sessionId'] })
    expect((await as('mallory').send('POST', '/v1/turns', foreign)).status).toBe(404)
  })
})

describe('the inspector of the gateway', () => {
  const get = (path: string, authorization?: string): Promise<Response> =>
    fetch(`${server.url}${path}`, authorization === undefined ? {} : { headers: { authorization } })
  const basic = (password: string) => `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`

  it('is for whoever has the token of the admin, and a browser asks for it', async () => {
    for (const authorization of [
      undefined,
      basic('wrong'),
      'Bearer demo-claude',
      'Basic',
      `Basic ${adminToken}`,
    ]) {
      const refused = await get('/inspector', authorization)
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('Basic'),
      ])
    }
    for (const authorization of [basic(adminToken), `Bearer ${adminToken}`])
      expect((await get('/inspector', authorization)).status).toBe(200)
    const sheet = await get('/inspector/style.css', basic(adminToken))
    expect(sheet.headers.get('content-type')).toMatch('text/css')
    const other = await startServer({ adminToken: undefined })
    const answer = await fetch(`${other.url}/inspector`, { headers: { authorization: basic('') } })
    expect(answer.status).toBe(401)
    await other.close()
  })

  it('shows what was said, and charts of tokens and costs', async () => {
    await as('dora').send('POST', '/v1/turns', said('A kettle for Dora', { usage }))
    const list = await (await get('/inspector/sessions', basic(adminToken))).text()
    const [, path] = /href="(\/inspector\/sessions\/[^"?/]+)"/.exec(list)!
    expect(await (await get(path!, basic(adminToken))).text()).toContain('A kettle for Dora')
    const insights = await (await get('/inspector/insights', basic(adminToken))).text()
    expect(insights).toContain('opus')
    expect(insights).toContain('How far sessions came')
  })
})
