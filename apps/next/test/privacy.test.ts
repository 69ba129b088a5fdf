import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminToken, type Chat, startChat, type Visitor } from './chat.js'

let chat: Chat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat?.stop())

/** Sends a form as a browser without JavaScript does, and does not go where it leads. */
async function submit(
  visitor: Pick<Visitor, 'cookie'>,
  what: string,
  fields: Record<string, string>,
  headers: Record<string, string> = { Origin: chat.url },
) {
  const response = await fetch(`${chat.url}/api/chat/privacy/${what}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: visitor.cookie, 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })
  const cookies = Object.fromEntries(
    response.headers.getSetCookie().map((set) => set.split(';')[0]!.split('=', 2) as [string, string]),
  )
  return { status: response.status, leadsTo: response.headers.get('location'), cookies }
}

const page = async (cookie: string, path = '/privacy'): Promise<string> => {
  const response = await fetch(chat.url + path, { headers: { Cookie: cookie } })
  expect(response.status).toBe(200)
  return (await response.text()).replaceAll('<!-- -->', '')
}
const isOn = (html: string, purpose: string): boolean =>
  new RegExp(`<button[^>]* id="${purpose}"[^>]* aria-checked="true"`).test(html)
const guestOf = ({ cookie }: Pick<Visitor, 'cookie'>): string => /^chat_guest=([\w-]+)\./.exec(cookie)![1]!

describe('what a guest allows', () => {
  it('is shown with its version, and since when', async () => {
    const visitor = chat.visitor()
    await visitor.begin()
    const before = await page(visitor.cookie)
    expect([isOn(before, 'storage'), isOn(before, 'personalization')]).toEqual([true, true])
    expect(before).not.toContain('in version 1')
    const { status, leadsTo } = await submit(visitor, 'consent', {
      purpose: 'personalization',
      granted: 'no',
    })
    expect([status, leadsTo]).toEqual([303, '/privacy?said=personalization&removed=0#personalization'])
    const after = await page(visitor.cookie)
    expect([isOn(after, 'storage'), isOn(after, 'personalization')]).toEqual([true, false])
    expect(after).toMatch(/You denied it on \d+ \w+ \d{4} at \d\d:\d\d, as it was worded in version 1\./)
    const { consent } = await visitor.call('GET', `/api/users/${guestOf(visitor)}/consent`)
    expect(consent.purposes.personalization).toMatchObject({
      granted: false,
      version: '1',
      source: 'what we keep of you',
    })
  })

  it('without what they like, removes it, and the clerk notes nothing', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    await visitor.ask(id, 'I like tea')
    expect((await visitor.call('GET', `/api/sessions/${id}/preferences`))['preferences']).toEqual({
      likes: ['tea'],
    })
    const { leadsTo } = await submit(visitor, 'consent', { purpose: 'personalization', granted: 'no' })
    expect(leadsTo).toBe('/privacy?said=personalization&removed=1#personalization')
    expect(await page(visitor.cookie, leadsTo!)).toContain('Noted, and deleted in one conversation.')
    expect((await visitor.call('GET', `/api/sessions/${id}/preferences`))['preferences']).toEqual({})
    expect(await visitor.ask(id, 'I like maps')).toContain('I note nothing about you')
    expect((await visitor.call('GET', `/api/sessions/${id}/preferences`))['preferences']).toEqual({})
    await submit(visitor, 'consent', { purpose: 'personalization', granted: 'yes' })
    expect(await visitor.ask(id, 'I like maps')).toContain('I will remember')
  })

  it('without conversations, deletes them, and begins none', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    await visitor.ask(id, 'Hello')
    const unsure = await submit(visitor, 'consent', { purpose: 'storage', granted: 'no' })
    expect(unsure.leadsTo).toBe('/privacy?problem=invalid')
    for (const problem of ['invalid', 'constructor', '__proto__', '<b>'])
      expect(await page(visitor.cookie, `/privacy?problem=${problem}`)).toContain('Nothing was changed.')
    const { leadsTo } = await submit(visitor, 'consent', { purpose: 'storage', granted: 'no', sure: 'yes' })
    expect(leadsTo).toBe('/privacy?said=storage&removed=1#storage')
    expect((await visitor.send('GET', `/api/sessions/${id}`)).status).toBe(404)
    expect(await page(visitor.cookie, '/')).toContain('Nothing is kept of you')
    await submit(visitor, 'consent', { purpose: 'storage', granted: 'yes' })
    expect(await page(visitor.cookie, '/')).toContain('What is on your mind?')
    await visitor.ask(await visitor.begin(), 'Hello')
  })
})

describe('what a guest takes along', () => {
  it('is everything, as lines of JSON, and one conversation, as Markdown', async () => {
    const [visitor, stranger] = [chat.visitor(), chat.visitor()]
    const id = await visitor.begin({ title: 'Paper boats' })
    await visitor.ask(id, 'Tell me a story about a paper boat')
    await stranger.begin()
    const html = await page(visitor.cookie)
    const all = `/api/users/${guestOf(visitor)}/export`
    const one = `/api/sessions/${id}/export?format=markdown`
    for (const path of [all, one]) {
      expect(html).toContain(`href="${path}"`)
      expect([403, 404]).toContain((await stranger.send('GET', path)).status)
    }
    const lines = await fetch(chat.url + all, { headers: { Cookie: visitor.cookie } })
    expect(lines.headers.get('content-disposition')).toContain('attachment')
    const types = (await lines.text())
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types).toEqual(['manifest', 'usage', 'session', 'message', 'message', 'end'])
    const markdown = await fetch(chat.url + one, { headers: { Cookie: visitor.cookie } })
    expect(markdown.headers.get('content-type')).toContain('text/markdown')
    expect(await markdown.text()).toContain('# Paper boats')
  })

  it('is put back by the operator alone, for a guest of whom it is gone', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin({ title: 'Paper boats' })
    await visitor.ask(id, 'Hello')
    const path = `${chat.url}/api/sessions/${id}/export`
    const text = await (await fetch(path, { headers: { Cookie: visitor.cookie } })).text()
    await visitor.call('DELETE', `/api/sessions/${id}`)
    const jsonl = { 'Content-Type': 'application/jsonl' }
    expect((await visitor.send('POST', '/api/sessions/import', text, jsonl)).status).toBe(405)
    const operator = { ...jsonl, Authorization: `Bearer ${adminToken}` }
    const { status, body } = await chat.visitor().send('POST', '/api/sessions/import', text, operator)
    expect([status, body]).toEqual([
      200,
      {
        import: { imported: [id], skipped: [], leftOff: { imported: 0, skipped: 0 }, messages: 2 },
      },
    ])
    expect((await visitor.call('GET', `/api/sessions/${id}`))['session'].title).toBe('Paper boats')
    expect(await visitor.ask(id, 'What did I ask first?')).toContain('Hello')
  })
})

describe('when a guest deletes everything', () => {
  it('says so only with the box ticked', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    const { leadsTo, cookies } = await submit(visitor, 'erase', {})
    expect([leadsTo, cookies]).toEqual(['/privacy?problem=invalid', {}])
    expect(await page(visitor.cookie, leadsTo!)).toContain('Nothing was changed.')
    expect((await visitor.send('GET', `/api/sessions/${id}`)).status).toBe(200)
  })

  it('takes the name, shows the receipt, and opens nothing again', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    await visitor.ask(id, 'I like tea')
    await submit(visitor, 'consent', { purpose: 'personalization', granted: 'yes' })
    const old = visitor.cookie
    const { status, leadsTo, cookies } = await submit(visitor, 'erase', { sure: 'yes' })
    expect([status, leadsTo, cookies['chat_guest']]).toEqual([303, '/privacy', ''])

    const receipt = `chat_receipt=${cookies['chat_receipt']!}`
    const html = await page(receipt)
    for (const line of ['Everything is deleted', '1 conversation', '1 record of what you allowed']) {
      expect(html).toContain(line)
    }
    const told = await fetch(`${chat.url}/api/chat/privacy/receipt`, { headers: { Cookie: receipt } })
    const said = (await told.json()) as { counts: Record<string, number>; by: string }
    expect(said).toMatchObject({ by: 'subject', counts: { sessions: 1, users: 1 } })
    expect(JSON.stringify(said)).not.toContain(guestOf({ cookie: old }))

    visitor.cookie = old
    expect((await visitor.send('GET', `/api/sessions/${id}`)).status).toBe(404)
    expect((await visitor.call('GET', '/api/sessions'))['sessions'].items).toEqual([])
    const again = await visitor.send('POST', '/api/sessions', {})
    expect([again.status, again.body['code']]).toEqual([410, 'user_erased'])
    expect(visitor.cookie, 'a device that has the old name yet forgets it').toBe('chat_guest=')
    await visitor.send('GET', '/')
    await visitor.ask(await visitor.begin(), 'Hello')
  })

  it('believes no receipt that it has not signed', async () => {
    const receipt = {
      id: 'x',
      tenantId: 'chat',
      subject: 's',
      by: 'subject',
      reason: 'r',
      counts: { lies: 3 },
    }
    const token = Buffer.from(JSON.stringify(receipt)).toString('base64url')
    for (const forged of [token, 'x', '']) {
      expect(await page(`chat_receipt=${forged}`)).not.toContain('Everything is deleted')
    }
  })

  it('listens to no page of another site', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      expect((await submit(visitor, 'erase', { sure: 'yes' }, headers)).status).toBe(403)
      const denied = await submit(visitor, 'consent', { purpose: 'storage', granted: 'no' }, headers)
      expect(denied.status).toBe(403)
    }
    expect((await visitor.send('GET', `/api/sessions/${id}`)).status).toBe(200)
  })
})
