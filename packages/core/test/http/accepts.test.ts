import { expect, it } from 'vitest'
import { apiFixture } from '../../src/testing.js'

const api = apiFixture()
const ask = async (path: string, accept: string, init: RequestInit = {}) => {
  const headers = { authorization: 'Bearer acme/alice', 'content-type': 'application/json', accept }
  const answer = await api.handle(new Request(`https://api.test${path}`, { ...init, headers }))
  const body = await answer.text()
  return { type: answer.headers.get('content-type')!.split(';')[0], body }
}
const post = (body: object): RequestInit => ({ method: 'POST', body: JSON.stringify(body) })

const { body } = await ask('/sessions', '*/*', post({}))
const { id } = (JSON.parse(body) as { session: { id: string } }).session

it.each([
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['text/*', 'application/json'],
  ['text/event-stream', 'text/event-stream'],
  ['Text/Event-Stream;Q=0.5', 'text/event-stream'],
  ['application/json, text/event-stream ; q=0.001', 'text/event-stream'],
  ['text/event-stream;q=0', 'application/json'],
  ['application/json, text/event-stream;level=1; q=0.000', 'application/json'],
])('a turn for a client that accepts %j is %s', async (accept, type) => {
  expect((await ask(`/sessions/${id}/message`, accept, post({ content: 'Hi' }))).type).toBe(type)
})

it.each([
  ['*/*', 'application/jsonl'],
  ['TEXT/MARKDOWN', 'text/markdown'],
  ['application/jsonl, text/markdown;q=0', 'application/jsonl'],
  ['text/markdown-like', 'application/jsonl'],
])('an export for a client that accepts %j is %s', async (accept, type) => {
  expect((await ask(`/sessions/${id}/export`, accept)).type).toBe(type)
})
