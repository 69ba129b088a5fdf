import type { Respond } from '@sessions/core'
import { waitUntil } from '@sessions/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { type Client, type Data, readEvents, startServer, type TestServer } from './server.js'
import { readUntil, slowAssistant, stream, whole } from './streaming.js'

let server: TestServer | undefined
afterEach(async () => server?.close())

/** What the conversation shows, with what became of it. */
async function said(client: Client, path: string): Promise<[content: string, status?: string][]> {
  const { data } = await client.send('GET', `${path}/conversation`)
  return data['conversation'].map(({ content, status }: Data) => [content, status])
}

describe('POST /query/stream', () => {
  test('sends session, text and the stored message, and sets the cookie before the first byte', async () => {
    server = await startServer()
    const client = server.client()
    const response = await stream(client, { q: 'What smartphones do you have?', message_id: 'm-1' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly/i)
    expect(client.credential).toBeDefined()

    const events = readEvents(await response.text())
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1))
    const [first, last] = [events[0]!.event, events.at(-1)!.event]
    expect(first).toMatchObject({ type: 'session', message_id: 'm-1', seq: 1 })
    expect(last).toMatchObject({
      type: 'done',
      session_id: first['session_id'],
      message: { seq: 2, status: 'completed' },
    })
    const deltas = events.slice(1, -1)
    expect(deltas.length).toBeGreaterThan(5)
    const text = deltas.map(({ event }) => String(event['text'])).join('')
    const { data } = await client.send('GET', `/session/${first['session_id']}/conversation`)
    expect(data['conversation'][1]).toMatchObject({ role: 'assistant', content: text, seq: 2 })
    expect(last['answer']).toBe(text)
  })

  test('sends each piece as it is said', async () => {
    const { assistant, go } = slowAssistant()
    server = await startServer({ assistant })
    const response = await stream(server.client(), { q: 'hello' })
    await readUntil(response, 'word4')
    go()
    await readUntil(response, '"type":"done"')
  })

  test('finishes and stores a reply whose reader has gone away', async () => {
    const { assistant, go } = slowAssistant()
    server = await startServer({ assistant })
    const client = server.client()
    const path = await client.start()
    const leaving = new AbortController()
    await readUntil(await stream(client, { q: 'hello' }, leaving.signal), 'word4')
    leaving.abort()
    await waitUntil(() => server!.answering() === 0, { what: 'the reader to be gone' })
    go()
    const read = async () => (await client.send('GET', `${path}/conversation`)).data['conversation']
    await waitUntil(async () => (await read()).length === 2, { what: 'the reply' })
    expect((await read())[1]).toMatchObject({ role: 'assistant', content: whole })
    expect((await read())[1].status).toBeUndefined()
  })

  test('stores what was said when a leaving reader is to stop it', async () => {
    const { assistant } = slowAssistant()
    server = await startServer({ assistant, onDisconnect: 'abort' })
    const client = server.client()
    const path = await client.start()
    const leaving = new AbortController()
    await readUntil(await stream(client, { q: 'hello', message_id: 'm-1' }, leaving.signal), 'word4')
    const during = await client.send('GET', `${path}/conversation`)
    expect(during.data['conversation']).toMatchObject([{ role: 'user', content: 'hello' }])
    leaving.abort()
    const read = async () => (await client.send('GET', `${path}/conversation`)).data['conversation']
    await waitUntil(async () => (await read()).length === 2, { what: 'the reply' })
    expect((await read())[1]).toMatchObject({ status: 'aborted', content: 'word0 word1 word2 word3 word4 ' })
  })

  test('stores what was said when the server stops', async () => {
    const { assistant } = slowAssistant()
    const stop = new AbortController()
    server = await startServer({ assistant, stop: stop.signal })
    const client = server.client()
    const response = await stream(client, { q: 'hello' })
    await readUntil(response, 'word4')
    stop.abort()
    await readUntil(response, '"status":"aborted"')
  })

  test('answers a repeated message_id from the store', async () => {
    const { assistant, go, runs } = slowAssistant()
    server = await startServer({ assistant })
    const client = server.client()
    await client.start()
    go()
    const body = { q: 'hello', message_id: 'm-1' }
    const first = readEvents(await (await stream(client, body)).text())
    const again = readEvents(await (await stream(client, body)).text())
    expect(runs()).toBe(1)
    expect(again.at(-1)!.event).toEqual({ ...first.at(-1)!.event, repeated: true })
    expect(again[1]!.event).toEqual({ type: 'delta', text: whole })
  })

  test('tells of a failure, keeps what was said, and a retry is answered anew', async () => {
    let isBroken = true
    const assistant: Respond = async function* () {
      yield 'so far '
      if (isBroken) throw new Error('the model is gone: secret key 123')
      yield 'so good'
    }
    server = await startServer({ assistant })
    const client = server.client()
    const path = await client.start()
    const body = { q: 'hello', message_id: 'm-1' }
    const events = readEvents(await (await stream(client, body)).text())
    expect(events.at(-1)!.event).toEqual({
      type: 'error',
      error: { code: 'internal', message: 'Internal error' },
    })
    expect(server.errors).toHaveLength(1)
    expect(await said(client, path)).toEqual([
      ['hello', undefined],
      ['so far ', 'failed'],
    ])
    isBroken = false
    expect((await client.ask('hello', { message_id: 'm-1' }))['answer']).toBe('so far so good')
    // The conversation has one reply to a question: the new one stands where the broken one stood.
    expect(await said(client, path)).toEqual([
      ['hello', undefined],
      ['so far so good', undefined],
    ])
  })

  test('leaves a failure as it is once the conversation has gone on', async () => {
    const assistant: Respond = ({ input }) => {
      if (input === 'hello') throw new Error('the model is gone: secret key 123')
      return 'so good'
    }
    server = await startServer({ assistant })
    const client = server.client()
    const path = await client.start()
    const body = { q: 'hello', message_id: 'm-1' }
    expect((await client.send('POST', '/query', body)).status).toBe(500)
    await client.ask('and now?')
    const again = await client.send('POST', '/query', body)
    expect(again.status).toBe(502)
    expect(again.body.error).toEqual({ code: 'model_failed', message: 'The model failed.' })
    expect(await said(client, path)).toEqual([
      ['hello', undefined],
      ['', 'failed'],
      ['and now?', undefined],
      ['so good', undefined],
    ])
  })

  test('refuses in the envelope what is wrong before it begins', async () => {
    server = await startServer()
    const wrong = await server.client().send('POST', '/query/stream', { q: '' })
    expect(wrong.status).toBe(400)
    expect(wrong.body.error).toMatchObject({ path: 'q' })
    const foreign = await server.client().send('POST', '/query/stream', { q: 'hello', sessionId: 'user-123' })
    expect(foreign.status).toBe(404)
    expect(await server.count()).toBe(0)
  })
})
