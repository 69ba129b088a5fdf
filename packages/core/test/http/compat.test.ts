import { describe, expect, it } from 'vitest'
import { apiFixture, ApiClient } from '../../src/testing.js'

const open = (token = 'tenant-1/alice', options = {}) => {
  const api = apiFixture({ compat: 'unified-llm-client-0.1', ...options })
  const clientOf = (who: string) =>
    new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)), who)
  return { client: clientOf(token), clientOf }
}

describe('clients of unified-llm-client 0.1', () => {
  it('move over: its eight routes, its bodies, its status codes', async () => {
    const { client } = open()
    // The seed's own example.
    const made = await client.post('/sessions', { sessionId: 'support-123', system: 'Be concise.' })
    expect(made.status).toBe(201)
    expect(made.body.session).toMatchObject({
      id: 'support-123',
      messages: [{ role: 'system', content: 'Be concise.' }],
    })
    const said = await client.post('/sessions/support-123/message', {
      content: 'Hello',
      requestId: 'r-1',
      metadata: { page: 'home' },
      model: 'gpt-4o',
      maxTokens: 100,
      tenantId: 'tenant-1',
    })
    expect(said.status).toBe(200)
    expect(said.body).toMatchObject({
      response: { text: 'echo: Hello', finishReason: 'stop' },
      session: { id: 'support-123', messageCount: 3 },
    })
    expect(said.body.session.messages).toHaveLength(3)
    const options = await client.post('/sessions/support-123/message', {
      content: 'options',
      model: 'm',
      provider: 'p',
      budgetUsd: 1,
    })
    expect(JSON.parse(options.body.response.text)).toEqual({ model: 'm', provider: 'p', budgetUsd: 1 })

    const shown = await client.get('/sessions/support-123?include=messages,cost')
    expect(shown.status).toBe(200)
    expect(shown.body.session.messages).toHaveLength(5)
    const page = await client.get('/sessions/support-123/messages?limit=2')
    expect(page.body).toMatchObject({
      sessionId: 'support-123',
      messages: { items: [{ role: 'system' }, { role: 'user' }] },
    })
    expect(page.body.messages.nextCursor).toBeTruthy()
    const list = await client.get('/sessions?limit=20&tenantId=tenant-1')
    expect(list.body.sessions.items).toMatchObject([{ sessionId: 'support-123', messageCount: 5 }])
    const fork = await client.post('/sessions/support-123/fork', {
      fromMessageIndex: 1,
      newSessionId: 'support-124',
      resetUsage: true,
    })
    expect(fork.status).toBe(201)
    expect(fork.body).toMatchObject({
      forkedFromMessageIndex: 1,
      forkedFromSessionId: 'support-123',
      resetUsage: true,
      session: { id: 'support-124', messageCount: 2 },
    })
    const compacted = await client.post('/sessions/support-123/compact', { maxMessages: 2 })
    expect(compacted).toMatchObject({
      status: 200,
      body: { compacted: true, removedCount: 0, session: { messageCount: 5 } },
    })
    expect(
      (
        await client.send('POST', '/sessions/support-123/compact', {
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(200)
    const deleted = await client.send('DELETE', '/sessions/support-123')
    expect(deleted).toMatchObject({ status: 200, body: { deleted: true, sessionId: 'support-123' } })
    const gone = await client.get('/sessions/support-123')
    expect(gone).toMatchObject({
      status: 404,
      body: { error: { statusCode: 404, message: expect.any(String) } },
    })
  })

  it('make a session by sending to it, and get theirs by making it again', async () => {
    const { client } = open()
    expect((await client.post('/sessions/new-1/message', { content: 'Hi' })).status).toBe(200)
    expect((await client.post('/sessions', { sessionId: 'new-1' })).body.session).toMatchObject({
      id: 'new-1',
      messageCount: 2,
    })
    expect(await client.lines('new-1')).toEqual(['user: Hi (completed)', 'assistant: echo: Hi (completed)'])
  })

  it('make no session by a request that cannot begin a conversation', async () => {
    const { client } = open()
    for (const [body, status] of [
      [{ continue: true }, 404],
      [{ from: 1 }, 404],
      [{ content: 'Hi', from: 1 }, 404],
      [{ content: [{ type: 'tool-result', toolCallId: 'c1', output: 1 }], role: 'tool' }, 404],
      [{ content: 'Hi', role: 'system' }, 422],
      [{ content: '' }, 400],
    ] as const) {
      const refused = await client.post('/sessions/new-2/message', body)
      expect(refused.status, JSON.stringify(body)).toBe(status)
    }
    expect((await client.get('/sessions/new-2')).status).toBe(404)
  })

  it('never reach a session that is not theirs', async () => {
    const { client, clientOf } = open()
    await client.post('/sessions', { sessionId: 'mine' })
    await client.post('/sessions/mine/message', { content: 'private' })
    for (const other of [clientOf('tenant-1/bob'), clientOf('tenant-2/alice'), clientOf('tenant-1')]) {
      for (const [method, path, body] of [
        ['POST', '/sessions/mine/message', { content: 'Hi', tenantId: 'tenant-1' }],
        ['POST', '/sessions', { sessionId: 'mine', tenantId: 'tenant-1' }],
        ['GET', '/sessions/mine?tenantId=tenant-1', undefined],
        ['GET', '/sessions?tenantId=tenant-3', undefined],
        ['GET', '/sessions/mine/messages', undefined],
        ['POST', '/sessions/mine/fork', { fromMessageIndex: 0 }],
        ['POST', '/sessions/mine/compact', {}],
        ['DELETE', '/sessions/mine', undefined],
      ] as const) {
        const { body: reply } = await other.send(method, path, body === undefined ? {} : { body })
        expect(JSON.stringify(reply)).not.toContain('private')
      }
    }
    expect(await client.lines('mine')).toHaveLength(2)
    expect((await client.post('/sessions', { tenantId: 'tenant-2' })).status).toBe(422)
    expect((await clientOf('tenant-1').post('/sessions/unknown/message', { content: 'Hi' })).status).toBe(404)
  })

  it.each(['.', '..', 'openapi.json'])('make no session that no request could name: %s', async (id) => {
    const { client } = open()
    const { body } = await client.post('/sessions', { messages: [{ role: 'user', content: 'Hi' }] })
    const refused = { status: 400, body: { path: 'sessionId', error: { code: 'invalid' } } }
    expect(await client.post('/sessions', { sessionId: id })).toMatchObject(refused)
    const fork = { fromMessageIndex: 0, newSessionId: id }
    expect(await client.post(`/sessions/${body.session.id}/fork`, fork)).toMatchObject(refused)
    expect((await client.post(`/sessions/${id}/message`, { content: 'Hi' })).status).toBeGreaterThan(399)
    expect((await client.get('/sessions')).body.sessions.items).toHaveLength(1)
  })

  it('are told at once when identify names no user, and nothing is made', async () => {
    const { clientOf } = open()
    for (const headers of [{}, { 'idempotency-key': crypto.randomUUID() }]) {
      const refused = await clientOf('tenant-1').post('/sessions', { sessionId: 'support-1' }, headers)
      expect(refused).toMatchObject({ status: 401, body: { detail: expect.stringContaining('identify') } })
    }
    const everything = await clientOf('tenant-1/boss/admin').get('/sessions')
    expect(everything.body.sessions.items).toEqual([])
  })

  it('get nothing of it while the option is off', async () => {
    const { client } = open('tenant-1/alice', { compat: undefined })
    expect((await client.post('/sessions', { sessionId: 'support-123', system: 'Be concise.' })).status).toBe(
      422,
    )
    expect((await client.post('/sessions/new-1/message', { content: 'Hi' })).status).toBe(404)
    const id = await client.newSession()
    expect((await client.post(`/sessions/${id}/fork`, { newSessionId: 'mine' })).status).toBe(422)
  })
})
