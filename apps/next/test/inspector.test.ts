import { afterAll, beforeAll, expect, it } from 'vitest'
import { adminToken, type Chat, startChat } from './chat.js'

let chat: Chat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat?.stop())

const get = (path: string, password?: string): Promise<Response> => {
  const name = `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`
  return fetch(chat.url + path, { headers: password === undefined ? {} : { authorization: name } })
}

it('shows the operator, and nobody else, what guests said, in pages with charts', async () => {
  const visitor = chat.visitor()
  const id = await visitor.begin({ title: 'Lighthouses' })
  await visitor.ask(id, 'Add the Fox Cup')
  for (const refused of [await get('/inspector'), await get(`/inspector/sessions/${id}`, 'wrong')]) {
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('Basic')
  }
  const asGuest = await fetch(`${chat.url}/inspector`, { headers: { cookie: visitor.cookie } })
  expect(asGuest.status).toBe(401)
  const overview = await get('/inspector', adminToken)
  expect(overview.headers.get('content-security-policy')).toContain("default-src 'none'; style-src 'self'")
  expect(await overview.text()).toContain('Lighthouses')
  const session = await (await get(`/inspector/sessions/${id}`, adminToken)).text()
  expect(session).toContain('Add the Fox Cup')
  expect(session).toContain('class="plot"')
  const insights = await (await get('/inspector/insights', adminToken)).text()
  expect(insights).toContain('Sessions of users who do not consent are not counted: 1.')
  expect(insights).not.toContain('class="plot')
})

it('can be flooded by strangers, who keep the operator from no call of the API by it', async () => {
  const flooded = await startChat({ REQUESTS_PER_MINUTE: '5' })
  const guess = () => fetch(`${flooded.url}/inspector`, { headers: { authorization: 'Bearer wrong' } })
  const statuses = []
  for (let n = 0; n < 6; n++) statuses.push((await guess()).status)
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  const headers = { authorization: `Bearer ${adminToken}` }
  expect((await fetch(`${flooded.url}/api/sessions`, { headers })).status).toBe(200)
  await flooded.stop()
})
