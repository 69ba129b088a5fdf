import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Assistant } from '../src/assistant/assistant.js'
import { type Client, readEvents, startServer, type TestServer } from './server.js'

let server: TestServer | undefined
afterEach(async () => server?.close())

/** Says ten words, and waits for `go` in the middle. */
function slowAssistant(): { assistant: Assistant; go: () => void; runs: () => number } {
  let go = (): void => {}
  let runs = 0
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  return {
    go: () => go(),
    runs: () => runs,
    assistant: async function* () {
      runs++
      for (let at = 0; at < 10; at++) {
        if (at === 5) await gate
        yield `word${at} `
      }
    },
  }
}

const whole = Array.from({ length: 10 }, (_, at) => `word${at} `).join('')

async function stream(client: Client, body: object, signal?: AbortSignal): Promise<Response> {
  return client.fetch('POST', '/query/stream', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Reads until `text` has come. */
async function readUntil(response: Response, text: string): Promise<void> {
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  for (let read = ''; !read.includes(text);)
    read += decoder.decode((await reader.read()).value, { stream: true })
  reader.releaseLock()
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 200) throw new Error('it did not happen')
    await sleep(10)
  }
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
      message: { seq: 2, status: 'complete' },
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
    await sleep(20)
    go()
    const read = async () => (await client.send('GET', `${path}/conversation`)).data['conversation']
    await until(async () => (await read()).length === 2)
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
    await until(async () => (await read()).length === 2)
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
    const assistant: Assistant = async function* () {
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
    isBroken = false
    expect((await client.ask('hello', { message_id: 'm-1' }))['answer']).toBe('so far so good')
    const { data } = await client.send('GET', `${path}/conversation`)
    expect(
      data['conversation'].map(({ status, content }: Record<string, unknown>) => [content, status]),
    ).toEqual([
      ['hello', undefined],
      ['so far ', 'failed'],
      ['so far so good', undefined],
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
