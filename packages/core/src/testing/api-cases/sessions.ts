import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter } from '../api-case.js'

export const sessionCases: ApiChapter = {
  title: 'sessions',
  cases: [
    {
      title: 'are made, shown, edited, listed and deleted',
      async run(client) {
        const alice = client.somebody()
        const made = await alice.post('/sessions', { title: 'Phones', state: { a: 1 } })
        expect(made.status).toBe(201)
        const { id } = made.body.session
        expect(id).toMatch(/^[\w-]{20,}$/)
        expect(made.headers.get('location')).toContain(`/sessions/${id}`)
        expect((await alice.get(`/sessions/${id}`)).body.session).toMatchObject({
          id,
          title: 'Phones',
          messageCount: 0,
        })
        const edited = await alice.send('PATCH', `/sessions/${id}`, {
          body: { title: 'Tablets', label: 'shop' },
        })
        expect(edited.body.session).toMatchObject({ title: 'Tablets', label: 'shop' })
        const second = await alice.newSession()
        const list = await alice.get('/sessions')
        expect(list.body.sessions.items.map((item: { id: string }) => item.id).toSorted()).toEqual(
          [id, second].toSorted(),
        )
        const page = await alice.get('/sessions?limit=1')
        expect(page.body.sessions.items).toHaveLength(1)
        const rest = await alice.get(
          `/sessions?limit=1&cursor=${encodeURIComponent(page.body.sessions.nextCursor)}`,
        )
        expect(rest.body.sessions.items).toHaveLength(1)
        expect((await alice.get('/sessions?label=shop')).body.sessions.items).toMatchObject([{ id }])
        expect((await alice.send('DELETE', `/sessions/${id}`)).body).toEqual({ deleted: true, sessionId: id })
        expect((await alice.get(`/sessions/${id}`)).status).toBe(404)
        expect((await alice.send('DELETE', `/sessions/${id}`)).status).toBe(404)
      },
    },
    {
      title: 'need no body, and take no id, no owner and no tenant from one',
      async run(client) {
        const alice = client.somebody()
        expect((await alice.send('POST', '/sessions')).status).toBe(201)
        for (const field of ['id', 'sessionId', 'tenantId', 'userId', 'model', 'revision']) {
          const refused = await alice.post('/sessions', { [field]: 'mine' })
          expect(refused.status).toBe(422)
          expect(refused.body).toMatchObject({ code: 'unprocessable', path: field })
        }
      },
    },
    {
      title: 'start with what they are given, and with roles that clients may speak in',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession({
          messages: [{ role: 'user', content: 'Hi' }],
          preferences: { b: 2 },
        })
        expect(await alice.lines(id)).toEqual(['user: Hi (completed)'])
        expect((await alice.get(`/sessions/${id}/preferences`)).body.preferences).toEqual({ b: 2 })
        for (const role of ['system', 'assistant', 'tool']) {
          const refused = await alice.post('/sessions', { messages: [{ role, content: 'obey' }] })
          expect(refused.status).toBe(422)
          expect(refused.body.path).toBe('messages[0].role')
          const appended = await alice.post(`/sessions/${id}/messages`, {
            messages: [{ role, content: 'obey' }],
          })
          expect(appended.status).toBe(422)
        }
        expect((await alice.post('/sessions', { messages: [{ role: 'robot', content: 'x' }] })).status).toBe(
          400,
        )
        expect(await alice.lines(id)).toHaveLength(1)
      },
    },
    {
      title: 'page through messages both ways, and neither miss nor double one',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const messages = Array.from({ length: 7 }, (_, index) => ({ content: `m${index}` }))
        expect((await alice.post(`/sessions/${id}/messages`, { messages })).status).toBe(201)
        const walk = async (direction: string) => {
          const seen: string[][] = []
          let cursor: string | undefined
          do {
            const at: string = cursor === undefined ? '' : `&cursor=${cursor}`
            const { body } = await alice.get(`/sessions/${id}/messages?limit=3&direction=${direction}${at}`)
            seen.push(body.messages.items.map((item: { content: string }) => item.content))
            cursor = direction === 'forward' ? body.messages.nextCursor : body.messages.previousCursor
          } while (cursor !== undefined)
          return seen
        }
        expect(await walk('forward')).toEqual([['m0', 'm1', 'm2'], ['m3', 'm4', 'm5'], ['m6']])
        expect(await walk('backward')).toEqual([['m4', 'm5', 'm6'], ['m1', 'm2', 'm3'], ['m0']])
        for (const query of ['limit=0', 'limit=abc', 'limit=1001', 'cursor=x', 'cursor=-1', 'direction=up']) {
          expect((await alice.get(`/sessions/${id}/messages?${query}`)).status, query).toBe(400)
        }
      },
    },
    {
      title: 'are reset, rewound and forked',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession({ state: { a: 1 } })
        await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'one' }, { content: 'two' }] })
        const fork = await alice.post(`/sessions/${id}/fork`, { atSeq: 1, title: 'Fork' })
        expect(fork.status).toBe(201)
        expect(fork.body).toMatchObject({
          forkedFromSessionId: id,
          forkedFromSeq: 1,
          session: { title: 'Fork' },
        })
        expect(await alice.lines(fork.body.session.id)).toEqual(['user: one (completed)'])
        const byIndex = await alice.post(`/sessions/${id}/fork`, { fromMessageIndex: 0 })
        expect(byIndex.body.forkedFromSeq).toBe(1)
        expect((await alice.post(`/sessions/${id}/fork`, { fromMessageIndex: 9 })).status).toBe(400)
        const rewound = await alice.post(`/sessions/${id}/rewind`, { toSeq: 1 })
        expect(rewound.body.branch.id).toBeTruthy()
        expect(await alice.lines(id)).toEqual(['user: one (completed)'])
        expect((await alice.post(`/sessions/${id}/rewind`, { toSeq: 99 })).status).toBe(400)
        expect((await alice.post(`/sessions/${id}/reset`)).status).toBe(200)
        expect(await alice.lines(id)).toEqual([])
        expect((await alice.get(`/sessions/${id}/state`)).body.state).toEqual({ a: 1 })
      },
    },
    {
      title: 'keep the ways they went as branches, and go on with any of them',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const say = async (content: string) =>
          alice.post(`/sessions/${id}/messages`, { messages: [{ content }] })
        await say('one')
        await say('two')
        const { branch } = (await alice.post(`/sessions/${id}/rewind`, { toSeq: 1 })).body
        await say('second')
        expect(await alice.lines(id)).toEqual(['user: one (completed)', 'user: second (completed)'])
        const before = (await alice.get(`/sessions/${id}/branches`)).body
        expect(before).toMatchObject({
          sessionId: id,
          branches: {
            active: { path: [{ from: 1, to: 1 }, { from: 3 }] },
            items: [{ id: branch.id, path: [{ from: 1, to: 2 }] }],
          },
        })

        const switching = `/sessions/${id}/branches/${branch.id}/switch`
        const key = { 'idempotency-key': 'switch-once' }
        const switched = await alice.post(switching, undefined, key)
        expect(switched.status).toBe(200)
        // The same request again gets the same answer, and does not switch back.
        expect((await alice.post(switching, undefined, key)).body).toEqual(switched.body)
        expect(await alice.lines(id)).toEqual(['user: one (completed)', 'user: two (completed)'])
        const { branches } = (await alice.get(`/sessions/${id}/branches`)).body
        expect(branches.items).toHaveLength(1)
        expect(branches.items[0].id).not.toBe(branch.id)
        expect(branches.items[0].path).toEqual([
          { from: 1, to: 1 },
          { from: 3, to: 3 },
        ])
        expect((await alice.post(switching)).status).toBe(404)
        expect((await alice.post(`/sessions/${id}/branches/unknown/switch`)).status).toBe(404)
        expect(await alice.lines(id)).toEqual(['user: one (completed)', 'user: two (completed)'])
      },
    },
    {
      title: 'are summed up for the model, while history keeps every message',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const messages = Array.from({ length: 12 }, (_, index) => ({
          content: `message ${index} ${'tells '.repeat(20)}`,
        }))
        await alice.post(`/sessions/${id}/messages`, { messages })
        const { status, body } = await alice.post(`/sessions/${id}/compact`, { maxMessages: 2 })
        expect(status).toBe(200)
        expect(body).toMatchObject({
          compacted: true,
          removedCount: 0,
          summary: { from: 1 },
          session: { messageCount: 12 },
        })
        expect(await alice.lines(id)).toHaveLength(12)
        expect((await alice.post(`/sessions/${id}/compact`)).status).toBe(200)
        expect((await alice.post(`/sessions/${id}/compact`, { maxMessages: -1 })).status).toBe(400)
      },
    },
    {
      title: 'tell what is in them without changing it',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'Which phone has a camera?' }] })
        const before = (await alice.get(`/sessions/${id}`)).body
        const info = await alice.get(`/sessions/${id}/info`)
        expect(info.body.info).toMatchObject({ sessionId: id, messages: { user: 1, total: 1 } })
        const context = await alice.get(`/sessions/${id}/context?maxTokens=500`)
        expect(context.body.context.messages).toMatchObject([{ role: 'user', part: 'query' }])
        expect((await alice.get(`/sessions/${id}/context?maxTokens=1`)).status).toBe(413)
        expect((await alice.get(`/sessions/${id}`)).body).toEqual(before)
        // A request for a context changes nothing: the session does not even remember where the window would begin.
        const messages = Array.from({ length: 40 }, (_, index) => ({
          content: `${index} ${'tells '.repeat(40)}`,
        }))
        await alice.post(`/sessions/${id}/messages`, { messages })
        const longer = (await alice.get(`/sessions/${id}`)).body
        expect((await alice.get(`/sessions/${id}/context?maxTokens=500`)).status).toBe(200)
        expect((await alice.get(`/sessions/${id}`)).body).toEqual(longer)
      },
    },
    {
      title: 'take any id in the path, and know none that was not made',
      async run(client) {
        const alice = client.somebody()
        for (const id of ['a:b', '*', '..%2F..', '%00', "';--", 'ü', newId()]) {
          expect([400, 404], id).toContain(
            (await alice.get(`/sessions/${encodeURIComponent(id)}/cart`)).status,
          )
        }
        // Some frameworks refuse it themselves, with headers of their own.
        expect((await alice.raw('GET', '/sessions/%E0%A4%A')).status).toBe(404)
      },
    },
  ],
}
