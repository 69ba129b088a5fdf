import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter, ApiClient, Reply } from '../api-case.js'
import { together } from '../start-gate.js'

const phone = { sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' }, quantity: 2 }
const headerOf = (reply: Reply) => ({ 'x-session-id': reply.headers.get('x-session-id')! })

/** A session with some data of every kind, held by nobody in particular, in a tenant of its own. */
async function held(client: ApiClient) {
  const nobody = client.as(`t-${newId()}`)
  const made = await nobody.post('/sessions', {
    title: 'Phones',
    cart: [phone],
    state: { phase: 'checkout' },
    preferences: { brand: 'Apple' },
    messages: [{ content: 'Two phones, please' }],
  })
  const id = made.body.session.id as string
  const headers = headerOf(made)
  const start = (body: object = {}) =>
    nobody.post(`/sessions/${id}/transfer`, { mode: 'move', ...body }, headers)
  return { nobody, id, headers, start }
}

async function contents(client: ApiClient, id: string, headers: Record<string, string>) {
  const get = async (part: string) => (await client.get(`/sessions/${id}/${part}`, { headers })).body
  return {
    cart: (await get('cart')).cart?.itemCount,
    state: (await get('state')).state,
    preferences: (await get('preferences')).preferences,
    messages: (await get('messages')).messages?.items.map((item: { content: string }) => item.content),
  }
}

const everything = {
  cart: 2,
  state: { phase: 'checkout' },
  preferences: { brand: 'Apple' },
  messages: ['Two phones, please'],
}

const redeem = (client: ApiClient, body: object, headers: Record<string, string> = {}) =>
  client.post('/transfers/redeem', body, headers)

export const transferCases: ApiChapter = {
  title: 'transfers',
  cases: [
    {
      title: 'a move arrives with everything, and the old credential reads nothing any more',
      async run(client) {
        const { nobody, id, headers, start } = await held(client)
        const started = await start({ returnTo: '/cart' })
        expect(started.status).toBe(201)
        const { url, secret, shortCode, transferId } = started.body
        expect(url).toBe(`https://app.test/continue#${secret}`)
        expect(secret).toMatch(/^[\w-]{43}$/)
        expect(shortCode).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/)

        const described = await nobody.post('/transfers/describe', { secret })
        expect(described.body.transfer).toMatchObject({
          transferId,
          mode: 'move',
          title: 'Phones',
          messageCount: 1,
          itemCount: 2,
        })
        const redeemed = await redeem(nobody, { secret })
        expect(redeemed.body).toMatchObject({ status: 'redeemed', session: { id }, returnTo: '/cart' })
        expect(redeemed.headers.get('x-session-id')).not.toBe(headers['x-session-id'])
        expect(redeemed.headers.getSetCookie()[0]).toContain('HttpOnly')
        expect(JSON.stringify(redeemed.body)).not.toContain(redeemed.headers.get('x-session-id')!)
        expect(await contents(nobody, id, headerOf(redeemed))).toEqual(everything)
        for (const path of ['', '/messages', '/cart', '/state', '/preferences', '/transfers']) {
          expect((await nobody.get(`/sessions/${id}${path}`, { headers })).status).toBe(404)
        }
      },
    },
    {
      title: 'a share gives a credential of its own, a copy a session of its own',
      async run(client) {
        const { nobody, id, headers, start } = await held(client)
        const shared = await redeem(nobody, { secret: (await start({ mode: 'share' })).body.secret })
        expect(shared.headers.get('x-session-id')).not.toBe(headers['x-session-id'])
        expect(await contents(nobody, id, headerOf(shared))).toEqual(everything)
        expect(await contents(nobody, id, headers)).toEqual(everything)

        const copied = await redeem(nobody, { secret: (await start({ mode: 'copy' })).body.secret })
        const copyId = copied.body.session.id as string
        expect(copyId).not.toBe(id)
        expect(await contents(nobody, copyId, headerOf(copied))).toEqual(everything)
        await nobody.send('DELETE', `/sessions/${copyId}/cart`, { headers: headerOf(copied) })
        expect(await contents(nobody, id, headers)).toEqual(everything)
        expect((await nobody.get(`/sessions/${id}`, { headers: headerOf(copied) })).status).toBe(404)
      },
    },
    {
      title: 'of 20 who redeem at once one gets it, and the others what is told of any unknown secret',
      async run(client) {
        const { nobody, start } = await held(client)
        const { secret } = (await start()).body
        const replies = await together(20, () => redeem(nobody, { secret }))
        expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
        const unknown = await redeem(nobody, { secret: newSecret() })
        const said = ({ status, body }: Reply) => ({ status, body: { ...body, instance: '' } })
        for (const reply of replies.filter(({ status }) => status !== 200)) {
          expect(said(reply)).toEqual(said(unknown))
        }
      },
    },
    {
      title: 'a link that previews and scanners have followed can still be redeemed',
      async run(client) {
        const { nobody, start } = await held(client)
        const { secret, shortCode } = (await start()).body
        const paths = [
          '/transfers',
          '/transfers/redeem',
          `/transfers?secret=${secret}`,
          `/transfers/redeem?secret=${secret}&shortCode=${shortCode}`,
        ]
        for (let index = 0; index < 100; index++) {
          const method = index % 2 === 0 ? 'GET' : 'HEAD'
          const looked = await nobody.send(method, paths[index % paths.length]!, {
            headers: { 'user-agent': `preview-bot/${index}` },
          })
          expect(looked.status).toBe(200)
          expect(looked.headers.getSetCookie()).toEqual([])
          expect(looked.headers.get('referrer-policy')).toBe('no-referrer')
        }
        expect((await redeem(nobody, { shortCode: shortCode.toLowerCase() })).status).toBe(200)
        expect((await redeem(nobody, { secret })).status).toBe(404)
      },
    },
    {
      title: 'a session of the device is not left unless its user says so',
      async run(client) {
        const { nobody, id, start } = await held(client)
        const own = await nobody.post('/sessions', { title: 'My own', cart: [phone] })
        const { secret } = (await start()).body
        const asked = await redeem(nobody, { secret }, headerOf(own))
        expect(asked.status).toBe(409)
        expect(asked.body).toMatchObject({
          code: 'conflict',
          path: 'replace',
          joins: { sessionId: id, title: 'Phones', messageCount: 1, itemCount: 2 },
          leaves: { sessionId: own.body.session.id, title: 'My own', messageCount: 0, itemCount: 2 },
        })
        expect(asked.headers.get('x-session-id')).toBeNull()
        expect(asked.headers.getSetCookie()).toEqual([])
        const redeemed = await redeem(nobody, { secret, replace: true }, headerOf(own))
        expect(redeemed.body.session.id).toBe(id)
        const path = `/sessions/${own.body.session.id as string}`
        expect((await nobody.get(path, { headers: headerOf(own) })).status).toBe(200)
      },
    },
    {
      title: 'with approval asked for, the device waits until the source has seen its number',
      async run(client) {
        const { nobody, id, headers, start } = await held(client)
        const { secret, transferId } = (await start({ confirm: 'source' })).body
        const path = `/sessions/${id}/transfers`
        const pending = await redeem(nobody, { secret })
        const { redemptionId, matchCode } = pending.body
        expect(pending.body).toMatchObject({ status: 'pending', matchCode: expect.stringMatching(/^\d\d$/) })
        expect(pending.headers.get('x-session-id')).toBeNull()
        expect((await redeem(nobody, { secret })).status).toBe(404)
        expect((await redeem(nobody, { secret, redemptionId })).body).toEqual(pending.body)
        const seen = await nobody.get(path, { headers })
        expect(seen.body.transfers).toMatchObject([{ transferId, status: 'waiting', matchCode }])
        const other = matchCode === '00' ? '01' : '00'
        const approve = (code: string) =>
          nobody.post(`${path}/${transferId}/approve`, { matchCode: code }, headers)
        expect((await approve(other)).status).toBe(400)
        expect((await redeem(nobody, { secret, redemptionId })).body.status).toBe('pending')
        expect((await approve(matchCode)).status).toBe(200)
        expect((await redeem(nobody, { secret, redemptionId })).body.status).toBe('redeemed')

        const second = await held(client)
        const begun = (await second.start({ confirm: 'source' })).body
        const waiting = await redeem(second.nobody, { secret: begun.secret })
        const deny = `/sessions/${second.id}/transfers/${begun.transferId as string}/deny`
        expect((await second.nobody.post(deny, undefined, second.headers)).status).toBe(200)
        const denied = { secret: begun.secret, redemptionId: waiting.body.redemptionId }
        expect((await redeem(second.nobody, denied)).status).toBe(404)
        expect((await second.nobody.get(`/sessions/${second.id}`, second)).status).toBe(200)
      },
    },
    {
      title: 'unknown, used, revoked, foreign and for another audience look alike',
      async run(client) {
        const { nobody, id, headers, start } = await held(client)
        const used = (await start({ mode: 'share' })).body.secret
        await redeem(nobody, { secret: used })
        const revoked = (await start({ mode: 'share' })).body
        const path = `/sessions/${id}/transfers/${revoked.transferId as string}`
        expect((await nobody.send('DELETE', path, { headers })).status).toBe(200)
        expect((await nobody.send('DELETE', path, { headers })).status).toBe(404)
        const addressed = (await start({ mode: 'share', audience: 'phone' })).body.secret
        const open = (await start({ mode: 'share' })).body
        const attempts: [string, ApiClient, object][] = [
          ['unknown', nobody, { secret: newSecret() }],
          ['no secret at all', nobody, { secret: 'x' }],
          ['used', nobody, { secret: used }],
          ['revoked', nobody, { secret: revoked.secret }],
          ['without an audience', nobody, { secret: addressed }],
          ['for another audience', nobody, { secret: addressed, audience: 'claude' }],
          ['of another tenant', client.as(`t-${newId()}`), { secret: open.secret }],
          ['of another tenant, by code', client.as(`t-${newId()}`), { shortCode: open.shortCode }],
          ['a public id', nobody, { secret: id }],
          ['a transfer id', nobody, { secret: open.transferId }],
        ]
        const said = ({ status, body }: Reply) => ({ status, body: { ...body, instance: '' } })
        let first: unknown
        for (const [what, who, body] of attempts) {
          for (const verb of ['describe', 'redeem']) {
            const reply = await who.post(`/transfers/${verb}`, body)
            first ??= said(reply)
            expect(reply.status, what).toBe(404)
            expect(said(reply), what).toEqual(first)
          }
        }
        expect((await redeem(nobody, { secret: addressed, audience: 'phone' })).status).toBe(200)
      },
    },
    {
      title: 'a user’s session goes to the user, and to nobody else',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const id = await alice.newSession({ title: 'Mine' })
        const start = async (body: object) =>
          (await alice.post(`/sessions/${id}/transfer`, body)).body.secret as string
        const secret = await start({ mode: 'move' })
        for (const who of [client.as(tenant), client.as(`${tenant}/bob`), client.as(`${tenant}/bob/admin`)]) {
          expect((await who.post('/transfers/describe', { secret })).status).toBe(404)
          expect((await redeem(who, { secret })).status).toBe(404)
        }
        expect((await redeem(alice, { secret })).body.session).toMatchObject({ id, userId: 'alice' })
        const copy = await start({ mode: 'copy', allowAnonymous: true })
        expect((await redeem(client.as(`${tenant}/bob`), { secret: copy })).status).toBe(404)
        const copied = await redeem(client.as(tenant), { secret: copy })
        expect(copied.body.session).toMatchObject({ title: 'Mine' })
        expect(copied.body.session.userId).toBeUndefined()
      },
    },
    {
      title: 'a redemption that is sent again under its key is one redemption',
      async run(client) {
        const { nobody, start } = await held(client)
        const { secret } = (await start({ mode: 'copy' })).body
        const key = { 'idempotency-key': newId() + newId() }
        const first = await redeem(nobody, { secret }, key)
        const again = await redeem(nobody, { secret }, key)
        expect(again.body).toEqual(first.body)
        expect(again.headers.get('x-session-id')).toBe(first.headers.get('x-session-id'))
        expect(again.headers.get('idempotency-replayed')).toBe('true')
      },
    },
    {
      title: 'the link alone, as text, for a QR code',
      async run(client) {
        const { nobody, id, headers } = await held(client)
        const as = async (accept: string) =>
          nobody.raw('POST', `/sessions/${id}/transfer`, {
            body: { mode: 'share' },
            headers: { ...headers, accept },
          })
        for (const accept of ['text/plain;q=0', 'application/json, text/plain, */*'])
          expect((await as(accept)).headers.get('content-type'), accept).toContain('application/json')
        const response = await as('Text/Plain')
        expect(response.headers.get('content-type')).toContain('text/plain')
        const [page, secret] = (await response.text()).split('#')
        expect(page).toBe('https://app.test/continue')
        expect((await redeem(nobody, { secret })).status).toBe(200)
      },
    },
    {
      title: 'what cannot be is refused with its path',
      async run(client) {
        const { nobody, start } = await held(client)
        for (const [body, path] of [
          [{ mode: 'steal' }, 'mode'],
          [{ expiresInMs: 16 * 60_000 }, 'expiresInMs'],
          [{ audience: 'a b' }, 'audience'],
          [{ returnTo: 'https://evil.example' }, 'returnTo'],
          [{ returnTo: '//evil.example' }, 'returnTo'],
          [{ allowAnonymous: true }, 'allowAnonymous'],
          [{ host: 'evil.example' }, 'host'],
        ] as const) {
          const refused = await start(body)
          expect(refused.status, path).toBe(400)
          expect(refused.body.path).toBe(path)
        }
        expect((await redeem(nobody, {})).body.path).toBe('secret')
        expect((await redeem(nobody, { secret: newSecret(), shortCode: 'ABCDEFGH' })).body.path).toBe(
          'secret',
        )
        const cross = await redeem(
          client.as(),
          { secret: newSecret() },
          { cookie: 'a=b', origin: 'https://x.test' },
        )
        expect([cross.status, cross.body.code]).toEqual([403, 'csrf'])
      },
    },
  ],
}

function newSecret(): string {
  return (newId() + newId()).slice(0, 42) + 'A'
}
