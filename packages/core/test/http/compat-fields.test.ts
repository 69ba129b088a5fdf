import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryStore, type Respond } from '../../src/index.js'
import { ApiClient, apiFixture } from '../../src/testing.js'
import type { ApiFixtureOptions } from '../../src/testing/api-fixture.js'

const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/http-api.md'), 'utf8')
const [, rows] = /^\| reply \| fields without.*\n\|[-|]+\|\n((?:\|.*\n)+)/m.exec(page)!
/** The fields of each reply that the page says are missing. */
const missing = Object.fromEntries(
  rows!
    .trim()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, reply, fields]) => [reply!, [...fields!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)]),
)

// The types of unified-llm-client 0.2.2, whose replies have those of 0.1 and more.
const contract: Readonly<Record<string, string>> = {
  session: 'id createdAt updatedAt messageCount model provider tenantId system messages totals usage',
  'item of a list': 'sessionId createdAt updatedAt messageCount totalCostUSD version model provider tenantId',
  list: 'items nextCursor previousCursor',
  message: 'role content metadata pinned',
  response:
    'content finishReason model provider raw text toolCalls usage parsed parseError refusal responseFormat structuredOutputStatus',
  usage:
    'inputTokens outputTokens cachedTokens cachedReadTokens cachedWriteTokens reasoningTokens cost costUSD',
  error: 'code message name provider requestId statusCode',
  events:
    'session.message.started response.started response.text.delta response.tool_call.start response.tool_call.delta response.tool_call.arguments response.tool_call.result response.reasoning.started response.reasoning.delta response.reasoning.completed response.usage.updated response.retry response.status response.completed response.error',
}

const respond: Respond = async function* ({ input, steps }) {
  if (input === 'fail') throw new Error('down')
  if (steps.length === 0) {
    yield { type: 'reasoning', text: 'hm' }
    yield { type: 'tool-call', toolCallId: 'c1', toolName: 'addPhone', input: { quantity: 1 } }
    return
  }
  yield {
    type: 'usage',
    inputTokens: 9,
    outputTokens: 4,
    costMicros: 1500,
    cachedInputTokens: 6,
    cacheWriteTokens: 1,
    reasoningTokens: 2,
    model: 'gpt-4o',
    provider: 'openai',
  }
  yield 'Done'
}

function place(options: ApiFixtureOptions = {}): ApiClient {
  const api = apiFixture({ compat: 'unified-llm-client-0.1', respond, ...options })
  return new ApiClient(
    (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
    'tenant-1/alice',
  )
}

const hello = { content: 'Hello', requestId: 'r-1', model: 'gpt-4o', provider: 'openai' }
const pinned = { role: 'user', content: 'I am Ann', pinned: true, metadata: { page: 'home' }, likes: 7 }

async function talked(client: ApiClient) {
  await client.post('/sessions', { sessionId: 's', system: 'Be concise.', messages: [pinned] })
  return client.post('/sessions/s/message?include=usage', hello)
}

describe('replies to clients of unified-llm-client', () => {
  it('have its fields, but for those that the page on the API lists', async () => {
    const client = place()
    const said = await talked(client)
    await client.post('/sessions', { sessionId: 't' })
    await client.post('/sessions/t/message', hello)
    const list = (await client.get('/sessions?limit=1')).body.sessions
    const gone = (await client.get('/sessions/unknown')).body
    const events = new Set<string>()
    for (const content of ['Hello', 'fail']) {
      const streamed = client.events('POST', '/sessions/s/message', { body: { content } })
      for await (const { event } of streamed) events.add(event)
    }
    const { messages } = said.body.session
    const shown: Record<string, object> = {
      session: said.body.session,
      'item of a list': list.items[0],
      list,
      message: messages[1],
      response: said.body.response,
      usage: said.body.response.usage,
      error: gone.error,
      events: Object.fromEntries([...events].map((name) => [name, true])),
    }
    for (const [reply, fields] of Object.entries(contract)) {
      const without = fields.split(' ').filter((name) => !Object.hasOwn(shown[reply]!, name))
      expect(without.toSorted(), reply).toEqual(missing[reply]!.toSorted())
    }
  })

  it('have the values that it gives them', async () => {
    const client = place()
    const { body } = await talked(client)
    const totals = { cachedTokens: 6, costUSD: 0.0015, inputTokens: 9, outputTokens: 4, reasoningTokens: 2 }
    const named = { model: 'gpt-4o', provider: 'openai', tenantId: 'tenant-1' }
    const session = { id: 's', ...named, system: 'Be concise.', totals }
    expect(body.session).toMatchObject({ ...session, usage: null, messageCount: 6 })
    expect(body.session.messages).toMatchObject([
      { role: 'system', content: 'Be concise.' },
      { role: 'user', content: 'I am Ann', pinned: true, metadata: { page: 'home', pinned: true } },
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'tool_call', id: 'c1', name: 'addPhone', args: { quantity: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            toolCallId: 'c1',
            name: 'addPhone',
            result: '[tool result withheld]',
            redacted: true,
          },
        ],
      },
      { role: 'assistant', content: 'Done' },
    ])
    expect(body.response).toMatchObject({
      text: 'Done',
      content: [{ type: 'text', text: 'Done' }],
      finishReason: 'stop',
      toolCalls: [],
      model: 'gpt-4o',
      provider: 'openai',
      raw: null,
      usage: { ...totals, cachedReadTokens: 6, cachedWriteTokens: 1, cost: '$0.001500' },
    })
    for (const path of ['/sessions/s', '/sessions/s?include=cost', '/sessions/s?include=usage,else']) {
      const shown = (await client.get(path)).body.session
      expect(shown).toMatchObject({ ...session, messages: body.session.messages })
      expect('usage' in shown).toBe(path.includes('usage'))
    }
    expect((await client.get('/sessions')).body).toMatchObject({
      tenantId: 'tenant-1',
      sessions: { items: [{ sessionId: 's', ...named, totalCostUSD: 0.0015, version: expect.any(Number) }] },
    })
    expect((await client.get('/sessions/s/messages')).body).toMatchObject({
      tenantId: 'tenant-1',
      messages: { items: body.session.messages },
    })
    const fork = await client.post('/sessions/s/fork', { fromMessageIndex: 1, resetUsage: true })
    expect(fork.body.session).toMatchObject({
      system: 'Be concise.',
      messages: [{ role: 'system' }, { content: 'I am Ann', pinned: true }],
      totals: { cachedTokens: 0, costUSD: 0, inputTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    })
    expect((await client.post('/sessions/s/compact', {})).body.session).toMatchObject(session)
    expect((await client.send('DELETE', '/sessions/s')).body).toEqual({
      deleted: true,
      sessionId: 's',
      tenantId: 'tenant-1',
    })
  })

  it('name the model that was asked for where nobody tells which one has answered', async () => {
    const client = place({ respond: () => 'Done' })
    const { response, session } = (await client.post('/sessions/s/message', hello)).body
    expect(response).toMatchObject({
      model: 'gpt-4o',
      provider: 'openai',
      usage: { costUSD: 0, cost: '$0.00' },
    })
    expect(session.model).toBeUndefined()
  })

  it('count and date the events of a turn, and say whose request they answer', async () => {
    const client = place()
    const events = []
    for await (const event of client.events('POST', '/sessions/s/message', { body: hello }))
      events.push(event)
    const [begun, started, ...others] = events
    expect(begun).toMatchObject({
      event: 'session.message.started',
      data: { sessionId: 's', requestId: 'r-1' },
    })
    expect(started).toMatchObject({
      event: 'response.started',
      data: { model: 'gpt-4o', provider: 'openai' },
    })
    for (const { data } of [started!, ...others]) {
      expect(data).toMatchObject({ version: 3, requestId: 'r-1', sequence: expect.any(Number) })
      expect(new Date(data.timestamp as string).toISOString()).toBe(data.timestamp)
    }
    const places = [started!, ...others].map(({ data }) => data.sequence as number)
    expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b))
    const last = others.at(-1)!
    expect(last).toMatchObject({
      event: 'response.completed',
      data: { finishReason: 'stop', usage: { costUSD: 0.0015 }, session: { tenantId: 'tenant-1' } },
    })
    expect(last.data.session).toEqual((await client.get('/sessions/s')).body.session)
  })

  it('show a conversation of any length, and say where the rest of a very long one is', async () => {
    const client = place({ store: memoryStore() })
    await client.post('/sessions', { sessionId: 's', system: 'Be concise.' })
    const append = async (contents: string[]) => {
      const messages = contents.map((content) => ({ role: 'user', content }))
      expect((await client.post('/sessions/s/messages', { messages })).status).toBe(201)
    }
    for (let n = 0; n < 12; n++) await append(Array.from({ length: 100 }, (_, m) => `${n} ${m}`))
    const whole = (await client.get('/sessions/s')).body.session
    expect(whole.messages).toHaveLength(1201)
    expect(whole.previousCursor).toBeUndefined()
    for (let n = 0; n < 10; n++) await append(Array.from({ length: 2 }, () => 'x'.repeat(450_000)))
    const { session } = (await client.get('/sessions/s')).body
    expect(session).toMatchObject({ system: 'Be concise.', messageCount: 1221 })
    expect(session.messages[0]).toMatchObject({ role: 'system', seq: 1 })
    const [, { seq }] = session.messages
    expect(session.messages.map((message: { seq: number }) => message.seq)).toEqual([
      1,
      ...Array.from({ length: 1222 - seq }, (_, n) => seq + n),
    ])
    const rest = await client.get(
      `/sessions/s/messages?direction=backward&limit=1&cursor=${session.previousCursor}`,
    )
    expect(rest.body.messages.items).toMatchObject([{ seq: seq - 1 }])
  })

  it('take back what they have shown, and leave out what nobody knows', async () => {
    const client = place({ clientRoles: ['user', 'assistant', 'system', 'tool'] })
    const { messages } = (await talked(client)).body.session
    const made = await client.post('/sessions', { messages, sessionId: 'copy', color: 'red', userId: 'bob' })
    expect(made.status).toBe(201)
    const known = ({ role, content, pinned }: Record<string, unknown>) => ({ role, content, pinned })
    expect(made.body.session.messages.map(known)).toEqual(messages.map(known))
    expect(made.body.session).toMatchObject({ userId: 'alice', system: 'Be concise.' })
    const wrong = await client.post('/sessions', { messages: [{ role: 'robot', content: 'x' }] })
    expect(wrong).toMatchObject({ status: 400, body: { path: 'messages[0].role' } })
    const foreign = await client.post('/sessions', { tenantId: 'tenant-2' })
    expect(foreign).toMatchObject({ status: 422, body: { path: 'tenantId' } })
  })

  it('spell each part as it came', async () => {
    const client = place({ clientUrls: () => true })
    const content = [
      { type: 'text', text: 'these' },
      { type: 'image_base64', data: 'aGk=', mediaType: 'image/png' },
      { type: 'image_url', url: 'https://shop.example/a.png' },
      { type: 'document', data: 'aGk=', mediaType: 'application/pdf', title: 'a.pdf' },
      { type: 'document', url: 'https://shop.example/a.pdf', mediaType: 'application/pdf' },
      { type: 'audio', data: 'aGk=', mediaType: 'audio/wav' },
    ]
    const made = await client.post('/sessions', { messages: [{ role: 'user', content }] })
    expect(made.body.session.messages[0].content).toEqual(content)
  })
})
