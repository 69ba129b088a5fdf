import { expect } from 'vitest'
import type { ApiChapter } from '../api-case.js'

export const protocolCases: ApiChapter = {
  title: 'HTTP',
  cases: [
    {
      title: 'unknown paths are 404, other methods 405 with Allow, OPTIONS says what there is',
      async run(client) {
        const alice = client.somebody()
        for (const path of ['/sessions/a/nothing', '/sessions/a/cart/items/b/c', '/sessions//cart/x']) {
          expect((await alice.get(path)).body, path).toMatchObject({ status: 404 })
        }
        const wrong = await alice.send('PUT', '/sessions')
        expect(wrong.status).toBe(405)
        expect(wrong.body.code).toBe('method_not_allowed')
        expect(wrong.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS')
        const options = await alice.send('OPTIONS', '/sessions/a/state')
        expect(options.status).toBe(204)
        expect(options.headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, OPTIONS')
        expect(options.headers.get('access-control-allow-origin')).toBeNull()
        expect((await alice.get('/sessions/')).status).toBe(200)
        expect((await alice.send('HEAD', '/sessions')).status).toBe(200)
      },
    },
    {
      title: 'Location and the description name the path that the API is mounted at',
      async run(client) {
        const made = await client.somebody().raw('POST', '/sessions')
        const { session } = (await made.json()) as { session: { id: string } }
        expect(new URL(made.headers.get('location')!, made.url).href).toBe(`${made.url}/${session.id}`)
        const { paths, servers } = await client.openApi()
        const path = Object.keys(paths).find((each) => each.endsWith('/sessions'))
        const root = servers[0]!.url.replace(/\/$/, '')
        expect(new URL(`${root}${path}`, made.url).href).toBe(made.url)
      },
    },
    {
      title: 'bodies are JSON objects of a bounded size and depth, and nothing else',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        const path = `/sessions/${id}/state`
        // A parser of the host may answer before the API does, in a form of its own.
        const put = async (body: string, type = 'application/json') =>
          (await alice.raw('PUT', path, { body, headers: { 'content-type': type } })).status
        expect(await put('{"a":1}', 'text/plain')).toBe(415)
        expect(await put('{"a":1}', 'application/x-www-form-urlencoded')).toBe(415)
        expect(await put('{"a":1}', 'application/merge-patch+json; charset=utf-8')).toBe(200)
        for (const encoding of ['gzip', 'br', 'deflate, gzip', 'x-nobody']) {
          const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
          const packed = await alice.raw('PUT', path, { body: '{"a":2}', headers })
          expect(packed.status, encoding).toBe(415)
          expect(await packed.json()).toMatchObject({ code: 'unsupported_media_type' })
        }
        const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' }
        expect((await alice.raw('PUT', path, { body: '{"a":1}', headers })).status).toBe(200)
        for (const text of ['{', '[]', '"a"', 'null', '1', '{"a":1}}'])
          expect(await put(text), text).toBe(400)
        expect(await put(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toBe(400)
        expect(await put(`{"a":"${'x'.repeat(2 * 1024 * 1024)}"}`)).toBe(413)
        expect(await put(`{"a":"${'x'.repeat(200_000)}"}`)).toBe(413)
        for (const text of [
          '{"__proto__":{"admin":true}}',
          '{"a":{"__proto__":1}}',
          '{"constructor":{"prototype":{}}}',
        ]) {
          expect(await put(text), text).toBe(400)
        }
        expect((await alice.get(path)).body.state).toEqual({ a: 1 })
        expect((await alice.send('POST', `/sessions/${id}/messages`)).status).toBe(400)
      },
    },
    {
      title: 'a change on what was is 412, on every route that changes something',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession({ messages: [{ content: 'one' }] })
        const old = (await alice.get(`/sessions/${id}`)).headers.get('etag')!
        await alice.send('PATCH', `/sessions/${id}/state`, { body: { changed: true } })
        const before = (await alice.get(`/sessions/${id}?include=messages`)).body
        for (const [method, path, body] of [
          ['PATCH', '', { title: 'T' }],
          ['DELETE', '', undefined],
          ['POST', '/messages', { messages: [{ content: 'x' }] }],
          ['POST', '/message', { content: 'x' }],
          ['POST', '/messages/1/redact', undefined],
          ['PATCH', '/messages/1', { content: 'x' }],
          ['PATCH', '/messages/1/annotations', { a: 1 }],
          ['POST', '/reset', undefined],
          ['POST', '/compact', {}],
          ['POST', '/rewind', { toSeq: 1 }],
          ['POST', '/fork', {}],
          ['PUT', '/state', { a: 1 }],
          ['DELETE', '/cart', undefined],
          ['POST', '/transfer', { mode: 'share' }],
        ] as const) {
          const reply = await alice.send(method, `/sessions/${id}${path}`, {
            headers: { 'if-match': old },
            ...(body === undefined ? {} : { body }),
          })
          expect(reply.status, `${method} ${path}`).toBe(412)
        }
        expect((await alice.get(`/sessions/${id}?include=messages`)).body).toEqual(before)
      },
    },
    {
      title: 'a query parameter that is not known, or said twice, is refused',
      async run(client) {
        const alice = client.somebody()
        for (const query of ['tenantId=other', 'model=m', 'label=a&label=b']) {
          expect((await alice.get(`/sessions?${query}`)).status, query).toBe(400)
        }
      },
    },
    {
      title: 'answers echo a harmless request id, and replace another',
      async run(client) {
        const alice = client.somebody()
        const { headers } = await alice.get('/sessions', { headers: { 'x-request-id': 'abc-1' } })
        expect(headers.get('x-request-id')).toBe('abc-1')
        const missing = await alice.get('/sessions/none', { headers: { 'x-request-id': 'abc-2' } })
        expect(missing.body.instance).toBe('urn:request:abc-2')
        const replaced = await alice.get('/sessions', { headers: { 'x-request-id': '<script>' } })
        expect(replaced.headers.get('x-request-id')).not.toContain('<')
      },
    },
    {
      title: 'the description names every route, and is for everybody',
      async run(client) {
        const { status, body } = await client.as('nobody').get('/sessions/openapi.json')
        expect(status).toBe(200)
        expect(body.openapi).toBe('3.1.0')
        expect(Object.keys(body.paths).length).toBeGreaterThan(15)
      },
    },
  ],
}
