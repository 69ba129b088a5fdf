import { expect } from 'vitest'
import { together } from '../start-gate.js'
import type { ApiChapter, ApiClient } from '../api-case.js'

const secret = 'my number is 4711'

/** A message of a user, and the answer to it. */
async function talk(alice: ApiClient): Promise<string> {
  const id = await alice.newSession()
  expect((await alice.post(`/sessions/${id}/message`, { content: secret })).status).toBe(200)
  return id
}

export const messageChangeCases: ApiChapter = {
  title: 'messages changed in place',
  cases: [
    {
      title: 'a redacted message says nothing any more, and stays where it is',
      async run(client) {
        const alice = client.somebody()
        const id = await talk(alice)
        const before = await alice.get(`/sessions/${id}/messages`)
        const [said] = before.body.messages.items
        const first = await alice.post(`/sessions/${id}/messages/1/redact`)
        expect(first.status).toBe(200)
        const { message } = first.body
        expect(message).toMatchObject({
          seq: 1,
          id: said.id,
          role: 'user',
          content: '[redacted]',
          status: 'completed',
        })
        expect(message.createdAt).toBe(said.createdAt)
        expect(message.metadata).toEqual({ redacted: { at: expect.any(Number) } })
        expect((await alice.post(`/sessions/${id}/messages/1/redact`)).body.message).toEqual(message)
        expect((await alice.post(`/sessions/${id}/messages/2/redact`)).status).toBe(200)
        const history = await alice.get(`/sessions/${id}/messages`)
        expect(history.headers.get('etag')).not.toBe(before.headers.get('etag'))
        expect(history.body.messages.items.map((item: { content: unknown }) => item.content)).toEqual([
          '[redacted]',
          '[redacted]',
        ])
        const context = await alice.get(`/sessions/${id}/context`)
        expect(JSON.stringify([history.body, context.body])).not.toContain('4711')
        const amended = await alice.send('PATCH', `/sessions/${id}/messages/1`, {
          body: { content: 'again' },
        })
        expect(amended.status).toBe(400)
      },
    },
    {
      title: 'a client amends what it said, and nothing else',
      async run(client) {
        const alice = client.somebody()
        const id = await talk(alice)
        const path = `/sessions/${id}/messages`
        const amended = await alice.send('PATCH', `${path}/1`, { body: { content: 'my number is secret' } })
        expect(amended.status).toBe(200)
        expect(amended.body.message).toMatchObject({
          content: 'my number is secret',
          metadata: { amended: { at: expect.any(Number), count: 1 } },
        })
        const parts = [{ type: 'tool-result', toolCallId: 'c1', output: 'x' }]
        for (const [seq, content, status] of [
          [2, 'I never said that', 422],
          [1, parts, 422],
          [1, '', 400],
          [9, 'nobody said it', 400],
          ['x', 'nobody said it', 400],
        ] as const) {
          expect((await alice.send('PATCH', `${path}/${seq}`, { body: { content } })).status).toBe(status)
        }
        expect(await alice.lines(id)).toEqual([
          'user: my number is secret (completed)',
          `assistant: echo: ${secret} (completed)`,
        ])
      },
    },
    {
      title: 'twenty annotations at once are all kept',
      async run(client) {
        const alice = client.somebody()
        const id = await talk(alice)
        const path = `/sessions/${id}/messages/2/annotations`
        let n = 0
        const all = await together(20, () => alice.send('PATCH', path, { body: { [`k${n++}`]: true } }))
        expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
        const last = await alice.send('PATCH', path, { body: { rating: 'up', k0: null } })
        expect(Object.keys(last.body.message.metadata.annotations)).toHaveLength(20)
        expect(last.body.message.metadata.annotations).toMatchObject({ rating: 'up', k19: true })
        const long = await alice.send('PATCH', path, { body: { note: 'x'.repeat(5000) } })
        expect(long.status).toBe(413)
      },
    },
    {
      title: 'a change on an old ETag is refused, and a keyed one happens once',
      async run(client) {
        const alice = client.somebody()
        const id = await talk(alice)
        const path = `/sessions/${id}/messages`
        for (const [method, url, body] of [
          ['PATCH', `${path}/1/annotations`, { a: 1 }],
          ['PATCH', `${path}/1`, { content: 'other words' }],
          ['POST', `${path}/1/redact`, undefined],
        ] as const) {
          const etag = (await alice.get(`/sessions/${id}`)).headers.get('etag')!
          const sent = { headers: { 'if-match': etag }, ...(body === undefined ? {} : { body }) }
          const first = await alice.send(method, url, sent)
          expect(first.status, url).toBe(200)
          expect(first.headers.get('etag')).not.toBe(etag)
          expect((await alice.get(`/sessions/${id}`)).headers.get('etag')).toBe(first.headers.get('etag'))
          expect((await alice.send(method, url, sent)).status, url).toBe(412)
          const keyed = { ...sent, headers: { 'idempotency-key': `key of ${url}`.replaceAll(' ', '-') } }
          const [one, two] = [await alice.send(method, url, keyed), await alice.send(method, url, keyed)]
          expect([one.status, two.status]).toEqual([200, 200])
          expect(two.body).toEqual(one.body)
        }
      },
    },
    {
      title: 'no message of somebody else can be touched',
      async run(client) {
        const id = await talk(client.somebody())
        const mallory = client.somebody()
        const path = `/sessions/${id}/messages/1`
        expect((await mallory.post(`${path}/redact`)).status).toBe(404)
        expect((await mallory.send('PATCH', path, { body: { content: 'x' } })).status).toBe(404)
        expect((await mallory.send('PATCH', `${path}/annotations`, { body: { a: 1 } })).status).toBe(404)
      },
    },
  ],
}
