import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter } from '../api-case.js'

export const analyticsCases: ApiChapter = {
  title: 'the analytics',
  cases: [
    {
      title: 'says what the sessions of the tenant say together, as JSON and as CSV',
      async run(client) {
        const tenant = `t-${newId()}`
        const boss = client.as(`${tenant}/boss/admin`)
        for (const user of ['a', 'b', 'c', 'd', 'e']) {
          const one = client.as(`${tenant}/${user}`)
          const granted = { purpose: 'analytics', granted: true, version: '1', source: 'page' }
          await one.send('PUT', `/users/${user}/consent`, { body: granted })
          const id = await one.newSession()
          await one.send('PATCH', `/sessions/${id}/state`, { body: { phase: '=browsing' } })
          await one.post(`/sessions/${id}/messages`, { messages: [{ content: 'refund please' }] })
        }
        const none = { carted: 0, ordered: 0, value: {} }
        const { body } = await boss.get('/analytics')
        const { total, users, over, active, topics, journeys, complete } = body.analytics
        expect(total).toEqual({ sessions: 5, engaged: 5, ...none })
        const [{ at }] = over
        expect(at).toMatch(/^\d{4}-\d\d-\d\dT00:00:00.000Z$/)
        expect([users, complete]).toEqual([5, true])
        expect(active).toEqual([{ at, users: 5, sessions: 5 }])
        expect(topics).toContainEqual({ word: 'refund', count: 5 })
        expect(journeys).toEqual([
          { to: '=browsing', sessions: 5 },
          { from: '=browsing', sessions: 5 },
        ])
        const csv = await boss.raw('GET', '/analytics', { headers: { accept: 'text/csv' } })
        expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
        expect(await csv.text()).toBe(`at,users,sessions,engaged,carted,ordered\r\n${at},5,5,5,0,0\r\n`)
        const moves = await boss.raw('GET', '/analytics?format=csv&table=journeys')
        expect(await moves.text()).toBe("from,to,sessions\r\n,'=browsing,5\r\n'=browsing,,5\r\n")
        expect((await boss.get('/analytics?minGroup=6')).body.analytics.topics).toEqual([])
        expect((await boss.get('/analytics?minGroup=4')).status).toBe(400)
        expect((await boss.get('/analytics?to=2001-01-01T00:00:00Z')).body.analytics.total.sessions).toBe(0)
      },
    },
    {
      title: 'is for admins alone, and each for their own tenant',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        await alice.newSession()
        const refused = await alice.get('/analytics')
        expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
        expect((await client.get('/analytics')).status).toBe(401)
        const other = await client.as(`t-${newId()}/boss/admin`).get('/analytics')
        expect(other.body.analytics).toMatchObject({ total: { sessions: 0 }, withoutConsent: 0 })
        expect((await client.as(`${tenant}/boss/admin`).get('/analytics')).body.analytics).toMatchObject({
          total: { sessions: 0 },
          withoutConsent: 1,
        })
      },
    },
  ],
}
