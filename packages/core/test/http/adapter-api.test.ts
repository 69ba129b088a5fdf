import { expect, it } from 'vitest'
import { z } from 'zod'
import { createSessions } from '../../src/index.js'
import { type AdapterRoute, createAdapterApi } from '../../src/node.js'

const asking: AdapterRoute = {
  method: 'POST',
  path: '/notes/{id}',
  operation: 'ask',
  summary: 'Asks',
  body: z.object({ text: z.string(), tone: z.string().optional() }),
  streams: true,
  async handle(call) {
    const { text } = call.body as { text: string }
    const session = await call.open(call.params['id']!, true)
    const said = call.check({ role: 'user', content: [{ type: 'text', text }] }, [])
    return call.stream(session, async () => {
      const events = await call.turn(session, said)
      return (async function* () {
        for await (const event of events) yield { data: event }
      })()
    })
  },
}

function apiOf() {
  const sessions = createSessions()
  const options = {
    sessions,
    identify: ({ headers }: Request) => ({ tenantId: 'acme', userId: headers.get('user') ?? 'alice' }),
    respond: ({ options }: { options: object }) => JSON.stringify(options),
    clientOptions: ['tone'],
  }
  return { sessions, api: createAdapterApi(options, ['notes'], [asking], z.object({})) }
}

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  new Request(`https://shop.example${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

it('answers the routes of an adapter, as the session API answers its own', async () => {
  const { sessions, api } = apiOf()
  const { id } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const response = await api.handle(post(`/notes/${id}`, { text: 'Hi', tone: 'warm' }))
  expect(response.headers.get('Content-Type')).toContain('text/event-stream')
  const text = await response.text()
  expect(text).toContain('data: {"n":1,"type":"started"')
  expect(text).toContain('{\\"tone\\":\\"warm\\"}')
  expect(text).not.toContain('\nevent:')
  expect(api.owns('/notes/x')).toBe(true)
  expect(api.owns('/sessions')).toBe(false)
})

it('refuses what the session API refuses', async () => {
  const { sessions, api } = apiOf()
  const { id } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const statusOf = async (request: Request) => (await api.handle(request)).status
  expect(await statusOf(post(`/notes/${id}`, { text: 1 }))).toBe(400)
  expect(await statusOf(post(`/notes/${id}`, { text: 'Hi' }, { user: 'mallory' }))).toBe(404)
  expect(await statusOf(post(`/notes/${id}`, { text: 'Hi' }, { 'Sec-Fetch-Site': 'cross-site' }))).toBe(403)
  expect(await statusOf(new Request(`https://shop.example/notes/${id}`))).toBe(405)
  expect(await statusOf(new Request('https://shop.example/sessions'))).toBe(404)
})
