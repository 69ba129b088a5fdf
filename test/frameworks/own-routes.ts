import { expect, it } from 'vitest'

/** What the routes `/chat`, `/later`, `/login` and `/sessions/:id` of an application must show. */
export function ownRouteCases(base: string, messagesOf: (id: string) => Promise<number>): void {
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(base + path, init)
    const cookies = response.headers.getSetCookie()
    const credential = cookies.find((cookie) => cookie.startsWith('sessions='))?.split(';')[0]
    const body = (await response.json()) as Record<string, unknown>
    return { status: response.status, headers: response.headers, cookies, credential, body }
  }
  // As a browser sends it, from a page of the application.
  const post = (path: string, headers: Record<string, string>) =>
    ask(path, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', ...headers } })
  const say = (cookie?: string) => post('/chat', cookie === undefined ? {} : { cookie })

  it('keeps the conversation of a caller by its cookie, beside the cookies of the application', async () => {
    const first = await say()
    expect(first.body).toEqual({ id: expect.any(String), messages: 1 })
    expect(first.cookies).toHaveLength(2)
    expect(first.cookies).toContain('theme=dark')
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect(first.headers.get('vary')!.split(', ').toSorted()).toEqual(['Accept-Encoding', 'Cookie'])
    const again = await say(first.credential)
    expect(again.body).toEqual({ id: first.body['id'], messages: 2 })
    const stranger = await say()
    expect(stranger.body['id']).not.toBe(first.body['id'])
  })

  it('stores nothing for a caller who only reads', async () => {
    const { body, cookies } = await ask('/chat')
    expect(body).toEqual({ messages: 0 })
    expect(cookies).toEqual(['theme=dark'])
  })

  it('refuses a page of another site, which stores nothing', async () => {
    const { credential, body } = await say()
    const forged = await post('/chat', {
      cookie: credential!,
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    })
    expect([forged.status, forged.body['code']]).toEqual([403, 'csrf'])
    expect(await messagesOf(body['id'] as string)).toBe(1)
  })

  it('hands over the session of a write that nobody awaits', async () => {
    const { credential, body } = await post('/later', {})
    expect(body).toEqual({ accepted: true })
    expect((await say(credential)).body).toMatchObject({ messages: 2 })
  })

  it('gives the session to the user who signs in, and the old cookie opens nothing', async () => {
    const { credential, body } = await say()
    const login = await post('/login', { cookie: credential!, authorization: 'Bearer alice' })
    expect(login.body).toEqual({ id: body['id'], userId: 'alice' })
    expect(login.credential).toEqual(expect.any(String))
    expect(login.credential).not.toBe(credential)
    expect((await ask('/chat', { headers: { cookie: credential! } })).body).toEqual({ messages: 0 })
  })

  it("answers with a problem, and says nothing of another caller's session", async () => {
    const { body } = await say()
    const foreign = await ask(`/sessions/${String(body['id'])}`)
    expect(foreign.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect([foreign.status, foreign.body['code']]).toEqual([404, 'not_found'])
  })
}
