import { expect } from 'vitest'
import { together } from '../start-gate.js'
import type { ApiChapter } from '../api-case.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } }

export const contentCases: ApiChapter = {
  title: 'state, preferences and cart',
  cases: [
    {
      title: 'state is replaced, and merged as RFC 7396 says',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const path = `/sessions/${id}/state`
        expect((await alice.send('PUT', path, { body: { a: 1, b: { c: 2, d: 3 } } })).status).toBe(200)
        expect((await alice.send('PATCH', path, { body: { a: null, b: { c: 4 } } })).body.state).toEqual({
          b: { c: 4, d: 3 },
        })
        expect((await alice.get(path)).body.state).toEqual({ b: { c: 4, d: 3 } })
        const preferences = `/sessions/${id}/preferences`
        expect((await alice.send('PATCH', preferences, { body: { brand: 'X' } })).body.preferences).toEqual({
          brand: 'X',
        })
      },
    },
    {
      title: 'values come back as they were sent',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const state = {
          e: [],
          o: {},
          f: 0.1 + 0.2,
          big: 9007199254740991,
          s: '\u0000 \ud800 🙂',
          n: { a: null },
        }
        await alice.send('PUT', `/sessions/${id}/state`, { body: state })
        expect((await alice.get(`/sessions/${id}/state`)).body.state).toEqual(state)
      },
    },
    {
      title: 'a change on an old ETag is refused, and a known one is not sent again',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        for (const [method, path, body] of [
          ['PUT', 'state', { a: 1 }],
          ['PATCH', 'state', { a: 2 }],
          ['PATCH', 'preferences', { b: 1 }],
          ['POST', 'cart/items', phone],
          ['DELETE', 'cart', undefined],
          ['PATCH', '', { title: 'T' }],
        ] as const) {
          const url = `/sessions/${id}${path === '' ? '' : `/${path}`}`
          const etag = (await alice.get(`/sessions/${id}/cart`)).headers.get('etag')!
          const send = () =>
            alice.send(method, url, {
              headers: { 'if-match': etag },
              ...(body === undefined ? {} : { body }),
            })
          const first = await send()
          expect(first.status, url).toBeLessThan(300)
          expect(first.headers.get('etag')).not.toBe(etag)
          const late = await send()
          expect(late.status, url).toBe(412)
          expect(late.body.code).toBe('precondition_failed')
        }
        const current = await alice.get(`/sessions/${id}/state`)
        const again = await alice.get(`/sessions/${id}/state`, {
          headers: { 'if-none-match': current.headers.get('etag')! },
        })
        expect(again.status).toBe(304)
        expect(
          (await alice.send('PUT', `/sessions/${id}/state`, { body: {}, headers: { 'if-match': 'mine' } }))
            .status,
        ).toBe(400)
      },
    },
    {
      title: 'the cart counts every one of twenty adds at once, and is checked out once',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const adds = await together(20, () => alice.post(`/sessions/${id}/cart/items`, phone))
        expect(adds.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201))
        const { cart } = (await alice.get(`/sessions/${id}/cart`)).body
        expect(cart).toMatchObject({
          items: [{ quantity: 20 }],
          itemCount: 20,
          total: { amount: 2000, currency: 'EUR' },
        })
        const item = `/sessions/${id}/cart/items/${cart.items[0].id}`
        expect((await alice.send('PATCH', item, { body: { quantity: 3 } })).body.cart.itemCount).toBe(3)
        const orders = await together(5, () => alice.post(`/sessions/${id}/cart/checkout`))
        const [placed, ...others] = orders.filter(({ status }) => status === 201)
        expect(others).toEqual([])
        expect((await alice.get(`/sessions/${id}/orders`)).body).toEqual({
          sessionId: id,
          orders: [placed!.body.order],
        })
        expect((await alice.send('DELETE', item)).status).toBe(404)
        for (const wrong of [
          { ...phone, quantity: -3 },
          { ...phone, price: 'free' },
          { ...phone, extra: 1 },
          {},
        ]) {
          expect((await alice.post(`/sessions/${id}/cart/items`, wrong)).status).toBe(400)
        }
        expect((await alice.get(`/sessions/${id}/cart`)).body.cart).toEqual({ items: [], itemCount: 0 })
      },
    },
  ],
}
