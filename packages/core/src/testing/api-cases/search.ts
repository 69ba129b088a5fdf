import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter } from '../api-case.js'

export const searchCases: ApiChapter = {
  title: 'the search',
  cases: [
    {
      title: 'finds messages and sessions of the caller, with the words marked, page by page',
      async run(client) {
        const alice = client.as(`t-${newId()}/alice`)
        const id = await alice.newSession()
        for (const content of ['Two blue phones', 'A red bag', 'The blue one'])
          await alice.post(`/sessions/${id}/messages`, { messages: [{ role: 'user', content }] })
        const first = await alice.get('/search/messages?q=blue&limit=1')
        expect(first.body.messages).toMatchObject({
          items: [
            { sessionId: id, seq: 3, role: 'user', excerpt: { text: 'The blue one', marks: [[4, 8]] } },
          ],
          complete: true,
        })
        const cursor = encodeURIComponent(first.body.messages.nextCursor)
        const second = await alice.get(`/search/messages?q=blue&limit=1&cursor=${cursor}`)
        expect(second.body.messages.items).toMatchObject([{ seq: 1, excerpt: { marks: [[4, 8]] } }])
        const { body } = await alice.get('/search/sessions?q=phone')
        expect(body.sessions).toMatchObject({
          items: [{ session: { id, userId: 'alice' }, count: 1, best: { seq: 1 } }],
          complete: true,
        })
        await alice.send('PATCH', `/sessions/${id}`, { body: { title: 'Of Phones' } })
        expect((await alice.get('/search/sessions?q=of%20phones')).body.sessions.items).toMatchObject([
          { session: { id }, best: { seq: 1 }, title: { text: 'Of Phones', marks: [[3, 9]] } },
        ])
        await alice.send('PATCH', `/sessions/${id}`, { body: { title: 'Lamps' } })
        const [lamps] = (await alice.get('/search/sessions?q=lamp')).body.sessions.items
        expect(lamps).toMatchObject({ count: 0, title: { marks: [[0, 5]] } })
        expect(lamps).not.toHaveProperty('best')
        expect((await alice.get('/search/messages?q=blue&roles=assistant,tool')).body.messages.items).toEqual(
          [],
        )
        expect(
          (await alice.get('/search/messages?q=blue&to=2001-01-01T00:00:00Z')).body.messages.items,
        ).toEqual([])
        for (const wrong of [
          '',
          '?q=',
          '?q=a&roles=robot',
          '?q=a&limit=101',
          '?q=a&cursor=x',
          '?q=a&offset=1',
        ])
          expect((await alice.get(`/search/messages${wrong}`)).status, wrong).toBe(400)
      },
    },
    {
      title: 'finds nothing of other users and tenants, and all of the tenant for its admins',
      async run(client) {
        const tenant = `t-${newId()}`
        for (const who of [`${tenant}/alice`, `${tenant}/bob`, `t-${newId()}/alice`]) {
          const caller = client.as(who)
          const id = await caller.newSession()
          await caller.post(`/sessions/${id}/messages`, {
            messages: [{ role: 'user', content: 'The secret word' }],
          })
          expect((await caller.get('/search/messages?q=secret')).body.messages.items).toHaveLength(1)
        }
        const boss = client.as(`${tenant}/boss/admin`)
        expect((await boss.get('/search/messages?q=secret')).body.messages.items).toHaveLength(2)
        expect((await boss.get('/search/sessions?q=secret&userId=bob')).body.sessions.items).toHaveLength(1)
        expect((await client.get('/search/messages?q=secret')).body.messages).toEqual({
          items: [],
          complete: true,
        })
      },
    },
  ],
}
