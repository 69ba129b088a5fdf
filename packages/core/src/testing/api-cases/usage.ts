import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter } from '../api-case.js'
import { until } from '../until.js'

export const usageCases: ApiChapter = {
  title: 'the usage',
  cases: [
    {
      title: 'says what the turns of the tenant used and cost, as JSON and as CSV',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const boss = client.as(`${tenant}/boss/admin`)
        const id = await alice.newSession()
        for (const content of ['documents', 'hello']) await alice.post(`/sessions/${id}/message`, { content })
        const none = { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
        const unpriced = { ...none, turns: 1, unpriced: 1, inputTokens: 0, outputTokens: 0, costs: {} }
        const priced = { ...none, turns: 1, unpriced: 0, inputTokens: 3, outputTokens: 2 }
        // Another process of the application may have answered, and writes what was used a moment later.
        await until(async () => (await boss.get('/usage')).body.usage.total.turns === 2)
        const { body } = await boss.get(`/usage?by=session,model`)
        expect(body.usage.groups).toEqual([
          { sessionId: id, ...unpriced },
          { sessionId: id, model: 'scripted', ...priced, costs: { USD: '0.000007' } },
        ])
        expect(body.usage.total).toMatchObject({ turns: 2, unpriced: 1, costs: { USD: '0.000007' } })
        const csv = await boss.raw('GET', '/usage?by=model', { headers: { accept: 'text/csv' } })
        expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
        expect(await csv.text()).toBe(
          [
            'model,turns,unpriced,inputTokens,cachedInputTokens,cacheWriteTokens,outputTokens,reasoningTokens,costUSD',
            ',1,1,0,0,0,0,0,',
            'scripted,1,0,3,0,0,2,0,0.000007',
            '',
          ].join('\r\n'),
        )
        expect((await boss.get('/usage?userId=alice')).body.usage.total.turns).toBe(2)
        expect((await boss.get('/usage?userId=bob')).body.usage.total.turns).toBe(0)
        for (const [moment, turns] of [
          ['2001-01-01T00:00:00Z', 0],
          ['2001-01-01T00:00:00%2B02:00', 0],
          ['2001-01-01', 0],
          ['9000-02-28', 2],
        ] as const)
          expect((await boss.get(`/usage?to=${moment}`)).body.usage?.total.turns, moment).toBe(turns)
        for (const moment of ['2001-02-29', '2001-01-01T00:00:00', '2001', '1'])
          expect((await boss.get(`/usage?to=${moment}`)).status, moment).toBe(400)
        expect((await boss.get('/usage?by=model,model')).body.usage.groups).toHaveLength(2)
        expect((await boss.get('/usage?by=colour')).status).toBe(400)
      },
    },
    {
      title: 'is for admins alone, and each for their own tenant',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const id = await alice.newSession()
        await alice.post(`/sessions/${id}/message`, { content: 'documents' })
        const refused = await alice.get('/usage')
        expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
        expect((await client.get('/usage')).status).toBe(401)
        const other = await client.as(`t-${newId()}/boss/admin`).get('/usage')
        expect(other.body.usage.total.turns).toBe(0)
      },
    },
  ],
}
