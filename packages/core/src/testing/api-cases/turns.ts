import { expect } from 'vitest'
import { newId } from '../../ids.js'
import { type ApiChapter, type ApiClient, collect, type WireEvent } from '../api-case.js'
import { together } from '../start-gate.js'
import { until } from '../until.js'

/** The first `count` events of a stream; then the reader goes away. */
async function first(events: AsyncIterable<WireEvent>, count: number): Promise<WireEvent[]> {
  const found: WireEvent[] = []
  for await (const event of events) {
    found.push(event)
    if (found.length === count) break
  }
  return found
}

/** A stream that has begun: its turn can end now, and `all` will still have every event. */
async function begun(events: AsyncGenerator<WireEvent, void>): Promise<{ all: Promise<WireEvent[]> }> {
  const { value } = await events.next()
  const rest = collect(events)
  return { all: rest.then((found) => (value === undefined ? found : [value, ...found])) }
}

const go = (client: ApiClient, id: string) =>
  client.send('PATCH', `/sessions/${id}/state`, { body: { go: true } })
const names = (events: readonly WireEvent[]) => events.map(({ event }) => event)
const textOf = (events: readonly WireEvent[]) =>
  events.map(({ event, data }) => (event === 'response.text.delta' ? (data.delta as string) : '')).join('')
const isFree = async (client: ApiClient, id: string) =>
  (await client.get(`/sessions/${id}`)).body.session.turn === undefined

export const turnCases: ApiChapter = {
  title: 'messages and their answers',
  cases: [
    {
      title: 'a message is answered as a whole, and both are stored',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const reply = await alice.post(`/sessions/${id}/message`, { content: 'Hi' })
        expect(reply.status).toBe(200)
        expect(reply.body).toMatchObject({
          turn: { status: 'completed' },
          response: { text: 'echo: Hi', finishReason: 'stop', reused: false },
          messages: [
            { role: 'user', content: 'Hi', seq: 1 },
            { role: 'assistant', seq: 2 },
          ],
          session: { id, messageCount: 2 },
        })
        expect(reply.body.turn).toMatchObject({
          messageId: reply.body.messages[0].id,
          replyId: reply.body.messages[1].id,
        })
        expect(await alice.lines(id)).toEqual(['user: Hi (completed)', 'assistant: echo: Hi (completed)'])
      },
    },
    {
      title: 'a message is answered as events with ids, and completed comes after the commit',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const events = await collect(
          alice.events('POST', `/sessions/${id}/message`, { body: { content: 'Hi' } }),
        )
        expect(names(events)).toEqual([
          'session.message.started',
          'response.text.delta',
          'response.text.delta',
          'response.completed',
        ])
        const turnId = events[0]!.data.turnId as string
        expect(events.map((event) => event.id)).toEqual([1, 2, 3, 4].map((n) => `${turnId}.${n}`))
        expect(textOf(events)).toBe('echo: Hi')
        expect(events.at(-1)!.data).toMatchObject({ finishReason: 'stop', session: { messageCount: 2 } })
        const asked = await alice.raw('POST', `/sessions/${id}/message?stream=true`, {
          body: { content: 'Ho' },
        })
        expect(asked.headers.get('content-type')).toContain('text/event-stream')
        await asked.text()
      },
    },
    {
      title: 'a reader that comes back gets the rest, and a second one gets all of it',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const path = `/sessions/${id}/message`
        const [started, seen] = await first(alice.events('POST', path, { body: { content: 'slow' } }), 2)
        const { turnId } = started!.data
        expect(seen!.data.delta).toBe('be')
        const resumed = collect(alice.events('POST', path, { headers: { 'last-event-id': seen!.id } }))
        const second = await begun(alice.events('GET', `/sessions/${id}/turns/${turnId}`))
        const current = await begun(alice.events('GET', `/sessions/${id}/turns/current`))
        await go(alice, id)
        expect(textOf(await resumed)).toBe('gun')
        expect(textOf(await second.all)).toBe('begun')
        expect(names(await current.all)).toEqual(names(await second.all))
        // A reader who comes after the end gets the same events, too.
        const late = await collect(alice.events('POST', path, { headers: { 'last-event-id': seen!.id } }))
        expect(late.map((event) => event.id)).toEqual((await resumed).map((event) => event.id))
        expect(await alice.lines(id)).toEqual(['user: slow (completed)', 'assistant: begun (completed)'])
        expect((await alice.get(`/sessions/${id}/turns/${newId()}`)).status).toBe(404)
        expect((await alice.get(`/sessions/${id}/turns/current`)).status).toBe(404)
        const other = client.somebody()
        expect((await other.get(`/sessions/${await other.newSession()}/turns/${turnId}`)).status).toBe(404)
      },
    },
    {
      title: 'whoever watches a session hears of each change, from where they left off, and of its end',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const path = `/sessions/${id}/events`
        const watched = alice.events('GET', path)[Symbol.asyncIterator]()
        const seen = async () => (await watched.next()).value as Awaited<ReturnType<typeof first>>[number]
        const resumed = async (after: string, count: number) =>
          first(alice.events('GET', path, { headers: { 'last-event-id': after } }), count)
        const begun = await seen()
        expect(begun).toMatchObject({ event: 'session.changed', data: { session: { messageCount: 0 } } })
        await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'Hi' }] })
        const message = { event: 'session.message', data: { message: { seq: 1, content: 'Hi' } } }
        expect(await seen()).toMatchObject(message)
        const appended = await seen()
        expect(appended).toMatchObject({
          event: 'session.changed',
          data: { session: { id, messageCount: 1 }, changed: ['messages'] },
        })
        expect(await resumed(begun.id, 2)).toMatchObject([message, { event: 'session.changed' }])
        expect(await resumed('unknown', 1)).toMatchObject([
          { event: 'session.reset', data: { session: { messageCount: 1 } } },
        ])
        const next = resumed(appended.id, 1)
        await alice.send('PATCH', `/sessions/${id}`, { body: { title: 'Renamed' } })
        expect((await seen()).data).toMatchObject({ session: { title: 'Renamed' }, changed: ['title'] })
        expect((await next)[0]!.data).toMatchObject({ session: { title: 'Renamed' } })
        await alice.send('DELETE', `/sessions/${id}`)
        expect(await seen()).toMatchObject({ event: 'session.ended', data: { sessionId: id } })
        expect((await watched.next()).done).toBe(true)
      },
    },
    {
      title: 'a reader that goes away does not stop an answer; cancel does, and keeps what was said',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const path = `/sessions/${id}/message`
        await first(alice.events('POST', path, { body: { content: 'slow' } }), 2)
        const cancelled = await alice.post(`/sessions/${id}/cancel`)
        expect(cancelled.body).toMatchObject({ cancelled: true, sessionId: id })
        await until(() => isFree(alice, id))
        expect(await alice.lines(id)).toEqual(['user: slow (completed)', 'assistant: be (aborted)'])
        expect((await alice.post(`/sessions/${id}/cancel`)).body.cancelled).toBe(false)
        await first(alice.events('POST', path, { body: { content: 'slow again' } }), 2)
        await go(alice, id)
        await until(() => isFree(alice, id))
        expect((await alice.lines(id)).at(-1)).toBe('assistant: begun (completed)')
      },
    },
    {
      title: 'a failed answer keeps the message and what was said, and tells nothing of the inside',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const failed = await alice.post(`/sessions/${id}/message`, { content: 'fail' })
        expect(failed.status).toBe(502)
        expect(failed.body).toMatchObject({ code: 'model_failed', turn: { status: 'failed' } })
        expect(JSON.stringify(failed.body)).not.toContain('secret')
        const events = await collect(
          alice.events('POST', `/sessions/${id}/message`, { body: { content: 'fail' } }),
        )
        expect(events.at(-1)).toMatchObject({ event: 'response.error', data: { code: 'model_failed' } })
        expect(JSON.stringify(events)).not.toContain('secret')
        expect((await alice.lines(id)).slice(0, 2)).toEqual([
          'user: fail (completed)',
          'assistant: par (failed)',
        ])
        expect((await alice.post(`/sessions/${id}/message`, { content: 'Hi' })).status).toBe(200)
      },
    },
    {
      title: 'ten messages at once: each is stored with its answer or refused before the model is asked',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const replies = await together(10, (n) => alice.post(`/sessions/${id}/message`, { content: `m${n}` }))
        const stored = replies.filter(({ status }) => status === 200).length
        for (const { status, body, headers } of replies) {
          if (status === 200) continue
          expect(status).toBe(409)
          expect(body.code).toBe('turn_in_progress')
          expect(headers.get('retry-after')).toBe('1')
        }
        expect(await alice.lines(id)).toHaveLength(2 * stored)
        const { body } = await alice.post(`/sessions/${id}/message`, { content: 'count' })
        expect(body.response.text).toBe(String(stored + 1))
      },
    },
    {
      title: 'tools change the session, and what they gave back is withheld',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const { body } = await alice.post(`/sessions/${id}/message`, { content: 'tools' })
        expect(body.response.text).toBe('echo: tools')
        expect((await alice.get(`/sessions/${id}/cart`)).body.cart.itemCount).toBe(2)
        const events = await collect(
          alice.events('POST', `/sessions/${id}/message`, { body: { content: 'tools' } }),
        )
        expect(names(events)).toContain('response.tool_call.result')
        const history = (await alice.get(`/sessions/${id}/messages`)).body
        const context = (await alice.get(`/sessions/${id}/context`)).body
        for (const shown of [body, events, history, context])
          expect(JSON.stringify(shown)).not.toContain('warehouse')
        expect(JSON.stringify(history)).toContain('[tool result withheld]')
      },
    },
    {
      title: 'documents and usage come with the answer',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const { body } = await alice.post(`/sessions/${id}/message`, { content: 'documents' })
        expect(body.response).toMatchObject({
          documents: [{ id: 'd1', title: 'Guide' }],
          usage: { inputTokens: 3, outputTokens: 2, costMicros: 7, model: 'scripted' },
        })
      },
    },
    {
      title: 'malformed messages are refused, and nothing is stored',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        for (const body of [
          {},
          { content: 5 },
          { content: '' },
          { content: [] },
          { content: [{ text: 'x' }] },
          { content: null },
        ]) {
          const refused = await alice.post(`/sessions/${id}/message`, body)
          expect(refused.status, JSON.stringify(body)).toBe(400)
          expect(refused.body.path).toMatch(/^content/)
        }
        for (const field of ['model', 'system', 'temperature', 'tenantId', 'role']) {
          const refused = await alice.post(`/sessions/${id}/message`, { content: 'Hi', [field]: 'x' })
          expect(refused.status, field).toBe(422)
        }
        expect(await alice.lines(id)).toEqual([])
        expect((await alice.post(`/sessions/${newId()}/message`, { content: 'Hi' })).status).toBe(404)
      },
    },
  ],
}
