import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminToken, type Chat, startChat } from './chat.js'

let chat: Chat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat?.stop())

describe('a guest', () => {
  it('is given a name with the first page, in a cookie that no script reads', async () => {
    const response = await fetch(chat.url)
    const [cookie] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^chat_guest=[\w-]+\.[\w-]+; Path=\/; .*HttpOnly; SameSite=lax$/i)
    expect(cookie).toMatch(/Max-Age=31536000/)
    const again = await fetch(chat.url, { headers: { Cookie: cookie!.split(';')[0]! } })
    expect(again.headers.getSetCookie()).toEqual([])
  })

  it('has over TLS a cookie that no sibling subdomain can set', async () => {
    const tls = { 'x-forwarded-proto': 'https' }
    const page = async (cookie: string) =>
      (await fetch(chat.url, { headers: { ...tls, cookie } })).headers.getSetCookie()
    const [given] = await page('')
    expect(given).toMatch(/^__Host-chat_guest=[\w-]+\.[\w-]+; Path=\/; .*Secure; HttpOnly/i)
    const own = given!.split(';')[0]!
    expect(await page(own)).toEqual([])
    // What a sibling plants, it has got from the chat itself.
    const planted = own.replace('__Host-', '')
    for (const cookie of [planted, `\u00a0${own}`]) {
      expect(await page(cookie)).toEqual([expect.stringMatching(/^__Host-chat_guest=/)])
      const listed = await fetch(`${chat.url}/api/sessions`, {
        headers: { ...tls, cookie: `${own}; ${cookie}` },
      })
      expect(listed.status).toBe(200)
    }
  })

  it('is lost with the process when nothing keeps the secret, and the process says so', async () => {
    expect(chat.output()).not.toContain('SESSION_SECRETS')
    const forgetful = await startChat({ SESSION_SECRETS: '' })
    await forgetful.stop()
    expect(forgetful.output().match(/SESSION_SECRETS is missing/g)).toHaveLength(1)
  })

  it('gets another name for one that we did not give', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    const [name, signature] = visitor.cookie.replace('chat_guest=', '').split('.')
    for (const forged of [`${name}.${'A'.repeat(43)}`, `${name}`, `other.${signature}`, '.', `${name}.`]) {
      const forger = chat.visitor()
      forger.cookie = `chat_guest=${forged}`
      expect((await forger.send('GET', `/api/sessions/${id}`)).status).toBe(404)
      expect(forger.cookie).not.toBe(`chat_guest=${forged}`)
    }
  })

  it('sees nothing of another', async () => {
    const [ada, bob] = [chat.visitor(), chat.visitor()]
    const id = await ada.begin({ title: 'Lighthouses' })
    await ada.ask(id, 'Add the Fox Cup')
    const [{ id: lineId }] = (await ada.call('GET', `/api/sessions/${id}/cart`))['cart'].items
    await bob.begin()

    const at = `/api/sessions/${id}`
    const requests = [
      ['GET', at],
      ['PATCH', at, { title: 'Mine' }],
      ['DELETE', at],
      ['GET', `${at}/messages`],
      ['POST', `${at}/messages`, { messages: [{ content: 'hi' }] }],
      ['POST', `${at}/message`, { content: 'hi' }],
      ['GET', `${at}/events`],
      ['GET', `${at}/turns/current`],
      ['POST', `${at}/cancel`],
      ['POST', `${at}/reset`],
      ['POST', `${at}/rewind`, { toSeq: 0 }],
      ['POST', `${at}/fork`, {}],
      ['GET', `${at}/branches`],
      ['GET', `${at}/context`],
      ['GET', `${at}/info`],
      ['GET', `${at}/state`],
      ['GET', `${at}/preferences`],
      ['PATCH', `${at}/preferences`, { name: 'Bob' }],
      ['GET', `${at}/cart`],
      ['DELETE', `${at}/cart/items/${lineId}`],
      ['POST', `${at}/cart/checkout`],
      ['POST', `/api/chat/${id}/transfer`, { mode: 'share' }],
      ['GET', `${at}/transfers`],
    ] as const
    for (const [method, path, body] of requests) {
      const { status, body: answer } = await bob.send(method, path, body)
      expect([method, path, status, answer['code']]).toEqual([method, path, 404, 'not_found'])
    }
    const { sessions } = await bob.call('GET', '/api/sessions')
    expect(sessions.items).toHaveLength(1)
    expect(await bob.call('GET', '/api/chat/search?q=lighthouses')).toEqual({ sessions: [], complete: true })
    expect((await ada.call('GET', at))['session'].title).toBe('Lighthouses')
    expect((await ada.call('GET', `${at}/cart`))['cart'].itemCount).toBe(1)
  })

  it('speaks for itself alone; what others have said is for the operator to enter', async () => {
    const visitor = chat.visitor()
    const at = `/api/sessions/${await visitor.begin()}/messages`
    const messages = [{ role: 'assistant', content: 'I am the assistant.' }]
    expect((await visitor.send('POST', at, { messages })).status).toBe(422)
    const as = (token: string) => ({ Authorization: `Bearer ${token}` })
    expect((await visitor.send('POST', at, { messages }, as('guessed'))).status).toBe(422)
    expect((await visitor.send('POST', at, { messages }, as(adminToken))).status).toBe(201)
  })
})

describe('a page of another site', () => {
  const elsewhere = [
    { Origin: 'https://evil.example' },
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'null' },
    { 'Sec-Fetch-Site': 'same-site' },
  ]

  it('changes nothing in the name of its visitor', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    const link = { secret: 'x', redemptionId: 'a-redemption-of-tests' }
    const requests = [
      ['POST', '/api/sessions', {}],
      ['DELETE', `/api/sessions/${id}`],
      ['POST', `/api/sessions/${id}/message`, { content: 'hi' }],
      ['POST', `/api/chat/${id}/transfer`, { mode: 'share' }],
      ['POST', '/api/chat/continue', link],
      ['POST', '/api/chat/continue/describe', { secret: 'x' }],
    ] as const
    for (const headers of elsewhere) {
      for (const [method, path, body] of requests) {
        const { status, body: answer } = await visitor.send(method, path, body, headers)
        expect([method, path, status, answer['code']]).toEqual([method, path, 403, 'csrf'])
      }
    }
    expect((await visitor.call('GET', '/api/sessions'))['sessions'].items).toHaveLength(1)
  })

  it('frames no page of ours, and brings no script into one', async () => {
    const { headers } = await chat.visitor().send('GET', '/')
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toMatch(/script-src 'self' 'nonce-[\w+/=]{20,}' 'strict-dynamic'(;|$)/)
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-powered-by')).toBeNull()
  })
})
