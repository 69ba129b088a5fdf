import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter, ApiClient } from '../api-case.js'

const hello = { messages: [{ content: 'hello' }] }

/** A user with a session, and an admin, of a tenant that nobody else knows. */
async function peopleOf(client: ApiClient, tenant: string) {
  const alice = client.as(`${tenant}/alice`)
  const id = await alice.newSession({ title: 'a secret title', state: { a: 1 } })
  await alice.post(`/sessions/${id}/messages`, hello)
  return { alice, id, boss: client.as(`${tenant}/boss/admin`), mallory: client.as(`${tenant}/mallory`) }
}

interface Entry {
  readonly action: string
  readonly outcome: string
  readonly actor: string
  readonly subject?: string
  readonly sessionId?: string
  readonly requestId?: string
}

export const auditCases: ApiChapter = {
  title: 'the audit',
  cases: [
    {
      title: 'says what was done with the data of a user, and by which request',
      async run(client) {
        const { alice, id, boss } = await peopleOf(client, `t-${newId()}`)
        const headers = { 'x-request-id': 'request-1' }
        expect((await boss.get(`/sessions/${id}/messages`, { headers })).status).toBe(200)
        await boss.get('/sessions')
        await (await alice.raw('GET', '/users/alice/export')).text()
        await alice.send('DELETE', '/users/alice')
        const { body } = await boss.get('/audit')
        // Processes agree on the time to some milliseconds, so neighbours may change places.
        const entries = new Map(
          (body.audit.items as Entry[]).map((each) => [`${each.action} ${each.outcome}`, each]),
        )
        expect([...entries.keys()].toSorted()).toEqual([
          'admin.audit done',
          'admin.list done',
          'admin.open done',
          'user.erase done',
          'user.erase intent',
          'user.export done',
          'user.export intent',
        ])
        const [opened, read, exported, erased] = [
          'admin.open',
          'admin.audit',
          'user.export',
          'user.erase',
        ].map((action) => entries.get(`${action} done`)!) as [Entry, Entry, Entry, Entry]
        expect(opened).toMatchObject({ sessionId: id, requestId: 'request-1', actor: read.actor })
        expect(exported.actor).toMatch(/^user:[\w-]{22}$/)
        expect([exported.subject, erased.actor, erased.subject, opened.subject]).toEqual(
          Array.from({ length: 4 }, () => exported.actor),
        )
        expect(JSON.stringify(body)).not.toContain('alice')
      },
    },
    {
      title: 'comes in pages, and by who did what',
      async run(client) {
        const { boss, id } = await peopleOf(client, `t-${newId()}`)
        for (let count = 0; count < 5; count++) await boss.get(`/sessions/${id}`)
        const places: string[] = []
        let cursor = ''
        do {
          const page = (await boss.get(`/audit?limit=2&action=admin.open${cursor}`)).body.audit
          expect(page.items.length).toBeLessThanOrEqual(2)
          places.push(...page.items.map(({ lane, seq }: { lane: string; seq: number }) => `${lane} ${seq}`))
          cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor as string}`
        } while (cursor !== '')
        expect(places).toHaveLength(5)
        expect(new Set(places).size).toBe(5)
        expect((await boss.get('/audit?actor=boss&subject=alice')).body.audit.items).toHaveLength(5)
        expect((await boss.get('/audit?actor=nobody')).body.audit.items).toEqual([])
        expect((await boss.get('/audit?unsettled=true')).body.audit.items).toEqual([])
        expect((await boss.get('/audit?to=2001-01-01T00:00:00Z')).body.audit.items).toEqual([])
        expect((await boss.get('/audit?cursor=other')).status).toBe(400)
        const { nextCursor } = (await boss.get('/audit?limit=2&action=admin.open')).body.audit
        const statusOf = async (query: string, of = boss) =>
          (await of.get(`/audit?limit=3&${query}&cursor=${nextCursor as string}`)).status
        expect(await statusOf('action=admin.open')).toBe(200)
        expect(await statusOf('action=admin')).toBe(400)
        expect(await statusOf('action=admin.open&actor=boss')).toBe(400)
        expect(await statusOf('action=admin.open', client.as(`t-${newId()}/boss/admin`))).toBe(400)
      },
    },
    {
      title: 'is for admins alone, and each for their own tenant',
      async run(client) {
        const { boss, mallory, id } = await peopleOf(client, `t-${newId()}`)
        const refused = await mallory.get('/audit')
        expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
        expect((await client.get('/audit')).status).toBe(401)
        expect((await mallory.get(`/sessions/${id}`)).status).toBe(404)
        const denied = async () => (await boss.get('/audit?action=read.denied')).body.audit.items as Entry[]
        await expect.poll(denied).toMatchObject([{ outcome: 'refused', sessionId: id }])
        const other = await client.as(`t-${newId()}/boss/admin`).get('/audit')
        expect((other.body.audit.items as Entry[]).map(({ action }) => action)).toEqual(['admin.audit'])
      },
    },
    {
      title: 'an admin who may not read lists, without titles, and deletes, and sees nothing of the contents',
      async run(client) {
        const { alice, boss, id } = await peopleOf(client, `unread-${newId()}`)
        const { items } = (await boss.get('/sessions')).body.sessions
        expect(items).toMatchObject([{ id, userId: 'alice' }])
        const shown = await boss.get(`/sessions/${id}`)
        expect([shown.status, shown.body.session.messageCount]).toEqual([200, 1])
        expect(JSON.stringify([items, shown.body])).not.toContain('secret')
        const reads: readonly (readonly [string, string, unknown?])[] = [
          ['GET', `/sessions/${id}?include=messages`],
          ['GET', `/sessions/${id}/messages`],
          ['GET', `/sessions/${id}/export`],
          ['GET', '/users/alice/export'],
          ['GET', `/sessions/${id}/context?maxTokens=1000`],
          ['GET', `/sessions/${id}/state`],
          ['GET', `/sessions/${id}/preferences`],
          ['GET', `/sessions/${id}/cart`],
          ['GET', `/sessions/${id}/info`],
          ['GET', `/sessions/${id}/events`],
          ['GET', `/sessions/${id}/branches`],
          ['GET', `/sessions/${id}/turns/none`],
          ['PATCH', `/sessions/${id}/state`, { b: 2 }],
          ['POST', `/sessions/${id}/message`, { content: 'what did they say?' }],
          ['POST', `/sessions/${id}/fork`, {}],
          ['POST', `/sessions/${id}/compact`, {}],
          ['POST', `/sessions/${id}/transfer`, { mode: 'copy' }],
        ]
        for (const [method, path, body] of reads) {
          const { status, body: problem } = await boss.send(method, path, body === undefined ? {} : { body })
          expect([method, path, status, problem?.code]).toEqual([method, path, 403, 'forbidden'])
        }
        const own = await boss.newSession({ title: 'mine' })
        expect((await boss.get(`/sessions/${own}/messages`)).status).toBe(200)
        expect((await alice.get(`/sessions/${id}/messages`)).body.messages.items).toHaveLength(1)
        expect((await boss.send('DELETE', `/sessions/${id}`)).status).toBe(200)
        expect((await boss.send('DELETE', '/users/alice')).status).toBe(200)
      },
    },
  ],
}
