import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter } from '../api-case.js'

const says = (purpose: string, granted: boolean) => ({ purpose, granted, version: '3', source: 'page' })

export const userCases: ApiChapter = {
  title: 'the data of a user',
  cases: [
    {
      title: 'is erased, by the user and by an admin: sessions are gone, and a receipt says what was there',
      async run(client) {
        const tenant = `t-${newId()}`
        for (const by of ['alice', 'an admin']) {
          const alice = client.as(`${tenant}/${encodeURIComponent(by)}`)
          const id = await alice.newSession()
          await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'hello' }] })
          const asks = by === 'alice' ? alice : client.as(`${tenant}/boss/admin`)
          const path = `/users/${encodeURIComponent(by)}`
          const erased = await asks.send('DELETE', path)
          expect(erased.status).toBe(200)
          expect(erased.body.erasure).toMatchObject({
            status: 'done',
            receipt: { by: by === 'alice' ? 'subject' : 'boss', counts: { sessions: 1, messages: 1 } },
          })
          expect((await alice.get(`/sessions/${id}`)).status).toBe(404)
          expect((await asks.get(`${path}/erasure`)).body).toEqual(erased.body)
          const refused = await alice.post('/sessions', {})
          expect([refused.status, refused.body.code]).toEqual([410, 'user_erased'])
        }
      },
    },
    {
      title: 'is erased while the client does other things: 202, and a place to look',
      async run(client) {
        const alice = client.somebody()
        await alice.newSession()
        const begun = await alice.send('DELETE', '/users/alice', { headers: { prefer: 'respond-async' } })
        expect(begun.status).toBe(202)
        const place = begun.headers.get('location')!
        const at = place.slice(place.indexOf('/users/'))
        await expect.poll(async () => (await alice.get(at)).body.erasure.status).toBe('done')
        const { erasure } = (await alice.get(at)).body
        expect(erasure).toMatchObject({ id: begun.body.erasure.id, receipt: { counts: { sessions: 1 } } })
      },
    },
    {
      title: 'is erased again, with the same key and without one: the same erasure',
      async run(client) {
        const alice = client.somebody()
        await alice.newSession()
        const headers = { 'idempotency-key': 'erase-me' }
        const first = await alice.send('DELETE', '/users/alice', { headers })
        for (const again of [{ headers }, {}]) {
          const { erasure } = (await alice.send('DELETE', '/users/alice', again)).body
          expect(erasure).toMatchObject({ id: first.body.erasure.id, counts: { sessions: 1 } })
        }
      },
    },
    {
      title: 'may be used as the user says: decisions are noted, by the user and by an admin, and hold',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const path = '/users/alice/consent'
        expect((await alice.get(path)).body).toEqual({ consent: { purposes: {}, history: [] } })
        const id = await alice.newSession({ preferences: { budget: 100 } })
        const said = await alice.send('PUT', path, { body: says('personalization', false) })
        expect(said.status).toBe(200)
        expect(said.body).toMatchObject({
          consent: { purposes: { personalization: { granted: false, version: '3' } } },
          removed: { preferences: 1 },
        })
        const merging = await alice.send('PATCH', `/sessions/${id}/preferences`, { body: { budget: 100 } })
        expect([merging.status, merging.body.code]).toEqual([403, 'consent_missing'])
        const boss = client.as(`${tenant}/boss/admin`)
        const gone = await boss.send('PUT', path, { body: says('storage', false) })
        expect(gone.body.removed).toMatchObject({ sessions: 1 })
        expect((await alice.get(`/sessions/${id}`)).status).toBe(404)
        expect((await boss.get(path)).body.consent.history).toHaveLength(2)
        expect((await alice.send('PUT', path, { body: { purpose: 'x' } })).status).toBe(400)
      },
    },
    {
      title: 'is the business of the user alone',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const id = await alice.newSession()
        for (const [method, path, body] of [
          ['DELETE', '/users/alice', undefined],
          ['GET', '/users/alice/erasure', undefined],
          ['GET', '/users/alice/consent', undefined],
          ['PUT', '/users/alice/consent', says('storage', false)],
        ] as const) {
          const options = { body }
          expect((await client.as(`${tenant}/bob`).send(method, path, options)).body.code).toBe('forbidden')
          expect((await client.as(tenant).send(method, path, options)).body.code).toBe('unauthenticated')
          await client.as(`t-${newId()}/alice/admin`).send(method, path, options)
        }
        expect((await alice.get(`/sessions/${id}`)).status).toBe(200)
        expect((await alice.get('/users/alice/erasure')).status).toBe(404)
      },
    },
    {
      title: 'is of somebody: an id that nobody can have is refused to an admin, too',
      async run(client) {
        const admin = client.as(`t-${newId()}/boss/admin`)
        for (const [method, verb] of [
          ['GET', '/consent'],
          ['GET', '/erasure'],
          ['GET', '/export'],
          ['GET', '/memory'],
          ['DELETE', '/memory'],
          ['DELETE', '/memory/0'],
        ] as const) {
          const { body } = await admin.send(method, `/users/%00${verb}`)
          expect(body, verb).toMatchObject({ status: 400, path: 'userId' })
        }
        expect((await admin.get('/sessions?userId=')).body).toMatchObject({ status: 400, path: 'userId' })
      },
    },
  ],
}
