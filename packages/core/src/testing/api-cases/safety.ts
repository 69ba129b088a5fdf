import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter, ApiClient, Reply } from '../api-case.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } }

/** A good body for each operation on a session. An operation that is missing here fails the case below. */
const bodies: Readonly<Record<string, unknown>> = {
  getSession: undefined,
  editSession: { title: 'stolen' },
  deleteSession: undefined,
  listMessages: undefined,
  appendMessages: { messages: [{ content: 'planted' }] },
  sendMessage: { content: 'planted' },
  watchTurn: undefined,
  watchSession: undefined,
  cancelTurn: undefined,
  resetSession: undefined,
  rewindSession: { toSeq: 0 },
  listBranches: undefined,
  switchBranch: undefined,
  forkSession: {},
  compactSession: {},
  bindSession: undefined,
  getState: undefined,
  replaceState: { x: 1 },
  mergeState: { x: 1 },
  getPreferences: undefined,
  mergePreferences: { x: 1 },
  redactMessage: undefined,
  amendMessage: { content: 'other' },
  annotateMessage: { rating: 'up' },
  getContext: undefined,
  getInfo: undefined,
  getCart: undefined,
  addCartItem: phone,
  setCartQuantity: { quantity: 1 },
  removeCartItem: undefined,
  clearCart: undefined,
  exportSession: undefined,
  checkOut: undefined,
  listOrders: undefined,
  startTransfer: { mode: 'move' },
  listTransfers: undefined,
  revokeTransfer: undefined,
  approveTransfer: { matchCode: '00' },
  denyTransfer: undefined,
}

async function operations(client: ApiClient): Promise<{ operation: string; method: string; path: string }[]> {
  const { paths } = await client.openApi()
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => path.includes('{id}'))
      .map(([method, { operationId }]) => ({
        operation: operationId,
        method: method.toUpperCase(),
        path: path
          .slice(path.indexOf('/sessions'))
          .replace('{itemId}', 'item')
          .replace('{turnId}', 'current')
          .replace('{seq}', '1')
          .replace('{branchId}', 'branch')
          .replace('{transferId}', 'transfer'),
      })),
  )
}

const comparable = ({ status, headers, body }: Reply) => ({
  status,
  body: { ...body, instance: '' },
  headers: Object.fromEntries(
    [...headers].filter(
      ([name]) => !['date', 'x-request-id', 'content-length', 'connection', 'keep-alive'].includes(name),
    ),
  ),
})

export const safetyCases: ApiChapter = {
  title: 'safety',
  cases: [
    {
      title: 'what is not the caller’s looks like what is not there, on every route',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const id = await alice.newSession({ state: { secret: 1 } })
        const item = await alice.post(`/sessions/${id}/cart/items`, phone)
        await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'mine' }] })
        const before = (await alice.get(`/sessions/${id}?include=messages`)).body
        const strangers = [
          client.as(`${tenant}/bob`),
          client.as(tenant),
          client.as(`other-${tenant}/alice`),
          client.as(),
        ]
        for (const { operation, method, path } of await operations(client)) {
          expect(Object.hasOwn(bodies, operation), `${operation} has no row`).toBe(true)
          const body = bodies[operation]
          const at = (sessionId: string) =>
            path.replace('{id}', sessionId).replace('/items/item', `/items/${item.body.cart.items[0].id}`)
          for (const stranger of strangers) {
            const options = body === undefined ? {} : { body }
            const foreign = await stranger.send(method, at(id), options)
            const unknown = await stranger.send(method, at(newId()), options)
            expect(foreign.status, `${method} ${path}`).toBe(404)
            expect(comparable(foreign), `${method} ${path}`).toEqual(comparable(unknown))
            if (method === 'GET') continue
            const repeated = await stranger.send(method, at(id), {
              ...options,
              headers: { 'idempotency-key': newId() + newId() },
            })
            expect(repeated.status, `${method} ${path} with a key`).toBe(404)
          }
        }
        expect((await alice.get(`/sessions/${id}?include=messages`)).body).toEqual(before)
        expect((await client.as(`${tenant}/boss/admin`).get(`/sessions/${id}`)).status).toBe(200)
        expect((await client.as(`${tenant}/bob`).get('/sessions')).body.sessions.items).toEqual([])
      },
    },
    {
      title: 'the same id in two tenants never meets',
      async run(client) {
        const [one, two] = [client.somebody(), client.somebody()]
        const id = await one.newSession()
        await one.send('PUT', `/sessions/${id}/state`, { body: { whose: 'one' } })
        expect((await two.get(`/sessions/${id}/state`)).status).toBe(404)
        const key = { 'idempotency-key': 'same' }
        const made = await Promise.all([one, two].map((who) => who.post('/sessions', {}, key)))
        expect(made[0]!.body.session.id).not.toBe(made[1]!.body.session.id)
      },
    },
    {
      title: 'who is refused by identify gets its answer',
      async run(client) {
        const response = await client.as('nobody').raw('GET', '/sessions')
        const { status, headers } = response
        expect({ status, body: await response.json() }).toEqual({ status: 401, body: { error: 'who?' } })
        expect(headers.get('x-request-id')).toBeTruthy()
      },
    },
    {
      title: 'nobody in particular holds their session by a credential, in a header',
      async run(client) {
        const nobody = client.as()
        const made = await nobody.post('/sessions', {})
        const id = made.body.session.id as string
        const credential = made.headers.get('x-session-id')!
        expect(JSON.stringify(made.body)).not.toContain(credential)
        expect((await nobody.get(`/sessions/${id}`)).status).toBe(404)
        const held = { 'x-session-id': credential }
        expect((await nobody.post(`/sessions/${id}/message`, { content: 'Hi' }, held)).status).toBe(200)
        expect((await nobody.get(`/sessions/${id}`, { headers: held })).body.session.messageCount).toBe(2)
        for (const wrong of [id, `${credential}x`, credential.replace(/.$/, '~'), 'a.b.c.d']) {
          expect((await nobody.get(`/sessions/${id}`, { headers: { 'x-session-id': wrong } })).status).toBe(
            404,
          )
        }
      },
    },
    {
      title: 'and in a cookie, which a page of another site cannot use',
      async run(client) {
        const nobody = client.as()
        const made = await nobody.post('/sessions', {})
        const id = made.body.session.id as string
        const [set] = made.headers.getSetCookie()
        expect(set).toMatch(/HttpOnly/)
        const cookie = set!.split(';')[0]!
        expect((await nobody.get(`/sessions/${id}`, { headers: { cookie } })).status).toBe(200)
        const send = (headers: Record<string, string>) =>
          nobody.post(`/sessions/${id}/messages`, { messages: [{ content: 'Hi' }] }, { cookie, ...headers })
        for (const headers of [
          {},
          { 'sec-fetch-site': 'cross-site' },
          { 'sec-fetch-site': 'same-site' },
          { origin: 'https://evil.example' },
          { origin: 'null' },
        ]) {
          const refused = await send(headers)
          expect(refused.status, JSON.stringify(headers)).toBe(403)
          expect(refused.body.code).toBe('csrf')
        }
        expect((await send({ 'sec-fetch-site': 'same-origin' })).status).toBe(201)
        const gone = await nobody.send('DELETE', `/sessions/${id}`, {
          headers: { cookie, 'sec-fetch-site': 'same-origin' },
        })
        expect(gone.headers.getSetCookie()[0]).toContain('Max-Age=0')
      },
    },
    {
      title: 'signing in gives the session to the user, and the old credential opens nothing any more',
      async run(client) {
        const made = await client.as().post('/sessions', {})
        const id = made.body.session.id as string
        const held = { 'x-session-id': made.headers.get('x-session-id')! }
        const alice = client.as('public/alice')
        const bound = await alice.post(`/sessions/${id}/bind`, undefined, held)
        expect(bound.status).toBe(200)
        expect(bound.headers.get('x-session-id')).not.toBe(held['x-session-id'])
        expect((await client.as().get(`/sessions/${id}`, { headers: held })).status).toBe(404)
        expect((await alice.get(`/sessions/${id}`)).status).toBe(200)
        expect((await client.as('public/bob').post(`/sessions/${id}/bind`, undefined, held)).status).toBe(404)
      },
    },
    {
      title: 'a client sends what it may, part by part and field by field',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const result = { type: 'tool-result', toolCallId: 'c1', output: 'paid' }
        for (const [message, path] of [
          [{ content: [result] }, 'content[0].type'],
          [{ content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'paid' }] }, 'content[0].type'],
          [{ content: [{ type: 'text', text: 'a', cache_control: {} }] }, 'content[0].cache_control'],
          [{ content: [{ type: 'image', image: 'http://10.0.0.1/' }] }, 'content[0].image'],
          [{ content: 'a', name: 'Assistant' }, 'name'],
        ] as const) {
          const appended = await alice.post(`/sessions/${id}/messages`, { messages: [message] })
          expect(appended).toMatchObject({ status: 422, body: { path: `messages[0].${path}` } })
          const asked = await alice.post(`/sessions/${id}/message`, message)
          expect(asked).toMatchObject({ status: 422, body: { path } })
        }
        expect(await alice.lines(id)).toEqual([])
      },
    },
    {
      title: 'a credential that has been replaced opens no stream that was open with it',
      async run(client) {
        const made = await client.as().post('/sessions', {})
        const id = made.body.session.id as string
        const headers = { 'x-session-id': made.headers.get('x-session-id')! }
        const reading = client.as().events('GET', `/sessions/${id}/events`, { headers })
        await reading.next()
        await client.as('public/alice').post(`/sessions/${id}/bind`, undefined, headers)
        const names: string[] = []
        for await (const { event } of reading) names.push(event)
        expect(names).toEqual(['session.ended'])
      },
    },
    {
      title: 'looking makes nothing: no session, no cookie',
      async run(client) {
        const alice = client.somebody()
        for (const path of [
          '/sessions',
          `/sessions/${newId()}`,
          `/sessions/${newId()}/cart`,
          '/sessions/openapi.json',
        ]) {
          for (const method of ['GET', 'HEAD', 'OPTIONS']) {
            const { headers } = await alice.send(method, path)
            expect(headers.getSetCookie()).toEqual([])
          }
        }
        expect((await alice.get('/sessions')).body.sessions.items).toEqual([])
      },
    },
  ],
}
