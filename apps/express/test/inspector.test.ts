import { memoryBus, memoryStore } from '@sessions/core'
import { afterAll, describe, expect, it } from 'vitest'
import { createShopSessions } from '../src/shop-sessions.js'
import { adminToken, startServer } from './server.js'

const inspected = { store: memoryStore(), bus: memoryBus() }
const server = await startServer({ sessions: createShopSessions(inspected), inspected })
afterAll(() => server.close())

const get = (path: string, authorization?: string): Promise<Response> =>
  fetch(`${server.url}${path}`, authorization === undefined ? {} : { headers: { authorization } })
const basic = (password: string) => `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`

describe('the inspector of the shop', () => {
  it('is for whoever has the token of the admin, and a browser asks for it', async () => {
    for (const authorization of [undefined, basic('wrong'), 'Bearer wrong', 'Basic', `Basic ${adminToken}`]) {
      const refused = await get('/inspector', authorization)
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('Basic'),
      ])
    }
    for (const authorization of [basic(adminToken), `Bearer ${adminToken}`])
      expect((await get('/inspector', authorization)).status).toBe(200)
    expect((await get('/inspector/style.css', basic(adminToken))).headers.get('content-type')).toMatch(
      'text/css',
    )
  })

  it('shows what shoppers asked, and what came of it', async () => {
    const client = server.client()
    await client.start()
    await client.ask('Which headphones are there?')
    const list = await (await get('/inspector/sessions', basic(adminToken))).text()
    const [, path] = /href="(\/inspector\/sessions\/[^"?/]+)"/.exec(list)!
    expect(await (await get(path!, basic(adminToken))).text()).toContain('Which headphones are there?')
    const insights = await get('/inspector/insights', basic(adminToken))
    expect(await insights.text()).toContain('How far sessions came')
  })

  it('is not there without a token, or without its store', async () => {
    for (const options of [{ adminToken: undefined, inspected }, {}]) {
      const other = await startServer(options)
      const answer = await fetch(`${other.url}/inspector`, { headers: { authorization: basic('') } })
      expect(answer.status).toBe(404)
      await other.close()
    }
  })
})
