import { expect } from 'vitest'
import { newId } from '../../ids.js'
import { type ApiChapter, collect } from '../api-case.js'
import { together } from '../start-gate.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } }
const keyed = (key: string) => ({ 'idempotency-key': key })

export const repeatCases: ApiChapter = {
  title: 'Idempotency-Key',
  cases: [
    {
      title: 'the same key gets the same answer, and one effect, on every unsafe route',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const count = async () =>
          (await alice.get('/sessions?limit=200')).body.sessions.items.length as number
        const requests: [string, string, unknown][] = [
          ['POST', '/sessions', { title: 'T' }],
          ['PATCH', `/sessions/${id}`, { title: 'U' }],
          ['POST', `/sessions/${id}/messages`, { messages: [{ content: 'one' }, { content: 'two' }] }],
          ['POST', `/sessions/${id}/message`, { content: 'Hi' }],
          ['PUT', `/sessions/${id}/state`, { n: 1 }],
          ['PATCH', `/sessions/${id}/state`, { m: 1 }],
          ['PATCH', `/sessions/${id}/preferences`, { b: 1 }],
          ['POST', `/sessions/${id}/cart/items`, phone],
          ['POST', `/sessions/${id}/cart/checkout`, undefined],
          ['DELETE', `/sessions/${id}/cart`, undefined],
          ['POST', `/sessions/${id}/fork`, {}],
          ['POST', `/sessions/${id}/rewind`, { toSeq: 1 }],
          ['POST', `/sessions/${id}/cancel`, undefined],
          ['POST', `/sessions/${id}/reset`, undefined],
          ['DELETE', `/sessions/${id}`, undefined],
        ]
        for (const [method, path, body] of requests) {
          const send = () =>
            alice.send(method, path, {
              headers: keyed(`k-${method}-${path}`),
              ...(body === undefined ? {} : { body }),
            })
          const first = await send()
          const sessions = await count()
          expect(first.status, `${method} ${path}`).toBeLessThan(300)
          const again = await send()
          expect(again.status, `${method} ${path}`).toBe(first.status)
          expect(again.body, `${method} ${path}`).toEqual(first.body)
          expect(again.headers.get('idempotency-replayed'), `${method} ${path}`).toBe('true')
          expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
          expect(await count()).toBe(sessions)
        }
      },
    },
    {
      title: 'the same key with something else is 422',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        for (const [path, one, two] of [
          [`/sessions/${id}/messages`, { messages: [{ content: 'a' }] }, { messages: [{ content: 'b' }] }],
          [`/sessions/${id}/message`, { content: 'a' }, { content: 'b' }],
          [`/sessions/${id}/cart/items`, phone, { ...phone, quantity: 2 }],
        ] as const) {
          expect((await alice.post(path, one, keyed('k'))).status).toBeLessThan(300)
          const other = await alice.post(path, two, keyed('k'))
          expect(other.status, path).toBe(422)
          expect(other.body.code).toBe('key_reused')
        }
        expect(await alice.lines(id)).toHaveLength(3)
      },
    },
    {
      title: 'what was refused is not kept: the next try finds it as it is then',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const check = () => alice.post(`/sessions/${id}/cart/checkout`, undefined, keyed('k'))
        expect((await check()).status).toBe(400)
        await alice.post(`/sessions/${id}/cart/items`, phone)
        expect((await check()).status).toBe(201)
        expect((await check()).headers.get('idempotency-replayed')).toBe('true')
      },
    },
    {
      title: 'duplicates at the same moment are executed once',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const adds = await together(10, () => alice.post(`/sessions/${id}/cart/items`, phone, keyed('add')))
        for (const { status, body } of adds)
          expect({ status, body }).toEqual({ status: 201, body: adds[0]!.body })
        expect((await alice.get(`/sessions/${id}/cart`)).body.cart.itemCount).toBe(1)
        const sent = await together(10, () =>
          alice.post(`/sessions/${id}/message`, { content: 'count' }, keyed('say')),
        )
        for (const { status, body } of sent) {
          expect(status).toBe(200)
          expect(body.response.text).toBe('1')
          expect(body.turn).toEqual(sent[0]!.body.turn)
        }
        expect(sent.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1)
        expect(await alice.lines(id)).toHaveLength(2)
      },
    },
    {
      title: 'a key is its sender’s own, and its route’s',
      async run(client) {
        const tenant = newId()
        const [alice, bob] = [client.as(`${tenant}/alice`), client.as(`${tenant}/bob`)]
        const made = await Promise.all(
          [alice, bob].map((who) => who.post('/sessions', { title: 'T' }, keyed('k'))),
        )
        expect(made[0]!.body.session.id).not.toBe(made[1]!.body.session.id)
        const id = made[0]!.body.session.id as string
        expect((await alice.post(`/sessions/${id}/cart/items`, phone, keyed('k'))).status).toBe(201)
      },
    },
    {
      title: 'a stream that is asked for again is the same stream',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const send = () =>
          collect(
            alice.events('POST', `/sessions/${id}/message`, {
              body: { content: 'count' },
              headers: keyed('s'),
            }),
          )
        const [one, two] = [await send(), await send()]
        expect(two.map(({ event }) => event).filter((event) => event !== 'response.usage.updated')).toEqual(
          one.map(({ event }) => event),
        )
        expect(two[0]).toEqual(one[0])
        expect(await alice.lines(id)).toHaveLength(2)
      },
    },
    {
      title: 'a malformed key, or one that is easy to guess from nobody in particular, is refused',
      async run(client) {
        const alice = client.somebody()
        for (const key of ['', 'a b', 'x'.repeat(256)]) {
          const { status } = await alice.post('/sessions', {}, keyed(key))
          expect(key === '' ? [201, 400] : [400], key).toContain(status)
        }
        const nobody = client.as()
        for (const claimed of [{}, { 'x-session-id': 'undefined' }, { 'x-session-id': 'a.b.c.d' }]) {
          const guessed = await nobody.post('/sessions', {}, { ...keyed('1'), ...claimed })
          expect(guessed.status).toBe(400)
          expect(guessed.headers.get('x-session-id')).toBeNull()
        }
        const key = crypto.randomUUID()
        const [one, two] = [
          await nobody.post('/sessions', {}, keyed(key)),
          await nobody.post('/sessions', {}, keyed(`"${key}"`)),
        ]
        expect(two.body).toEqual(one.body)
        expect(two.headers.get('x-session-id')).toBe(one.headers.get('x-session-id'))
      },
    },
  ],
}
