import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat, type Visitor } from './chat.js'

let chat: Chat
beforeAll(async () => {
  chat = await startChat()
})
afterAll(() => chat?.stop())

interface Link {
  readonly url: string
  readonly transferId: string
  readonly secret: string
  readonly guest?: string
}

/** A laptop with one thing in the cart of its session. */
async function laptopWithCart(): Promise<{ laptop: Visitor; id: string }> {
  const laptop = chat.visitor()
  const id = await laptop.begin({ title: 'Evenings' })
  await laptop.ask(id, 'Add the Fox Cup')
  return { laptop, id }
}

async function linkOf(visitor: Visitor, id: string, mode: 'share' | 'move' | 'copy'): Promise<Link> {
  const { url, transferId } = await visitor.call('POST', `/api/chat/${id}/transfer`, { mode })
  const [secret, ...guest] = new URL(url).hash.slice(1).split('.')
  return { url, transferId, secret: secret!, ...(guest.length === 0 ? {} : { guest: guest.join('.') }) }
}

const keyOf = ({ secret, guest }: Link) => ({ secret, ...(guest === undefined ? {} : { guest }) })
const redeemAs = (visitor: Visitor, link: Link, more: object = {}) =>
  visitor.send('POST', '/api/chat/continue', {
    ...keyOf(link),
    redemptionId: crypto.randomUUID(),
    ...more,
  })
const approve = (visitor: Visitor, id: string, link: Link, matchCode: string) =>
  visitor.send('POST', `/api/sessions/${id}/transfers/${link.transferId}/approve`, { matchCode })

/** A phone that has looked at a page already. */
async function newPhone(): Promise<Visitor> {
  const phone = chat.visitor()
  await phone.send('GET', '/')
  return phone
}

describe('a link to another device of a guest', () => {
  it.each([
    ['an hour ahead of', 3_600_000],
    ['an hour behind', -3_600_000],
  ])('works for ten minutes where the clock of the process is %s that of its store', async (_, offMs) => {
    // The clock of a store in memory is not that of `Date`.
    const code = `const { Date } = globalThis
globalThis.Date = class extends Date {
  static UTC = Date.UTC
  static parse = Date.parse
  constructor(...parts) { super(...(parts.length === 0 ? [Date.now() + ${offMs}] : parts)) }
  static now() { return Date.now() + ${offMs} }
}`
    const off = await startChat({
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}`,
    })
    try {
      const [laptop, phone] = [off.visitor(), off.visitor()]
      const id = await laptop.begin({ title: 'Evenings' })
      await laptop.ask(id, 'Add the Fox Cup')
      await phone.send('GET', '/')
      const begun = await laptop.call('POST', `/api/chat/${id}/transfer`, { mode: 'share' })
      // The page counts down by the clock of the process.
      const leftMs = Date.parse(begun['expiresAt']) - (Date.now() + offMs)
      expect(leftMs).toBeGreaterThan(0)
      expect(leftMs).toBeLessThan(3_000_000)
      const [secret, ...guest] = new URL(begun['url']).hash.slice(1).split('.')
      const key = { secret, guest: guest.join('.') }
      expect((await phone.call('POST', '/api/chat/continue/describe', key))['transfer'].title).toBe(
        'Evenings',
      )
      const redeemed = await phone.call('POST', '/api/chat/continue', {
        ...key,
        redemptionId: crypto.randomUUID(),
      })
      expect(redeemed['status']).toBe('pending')
    } finally {
      await off.stop()
    }
  })

  it('leads to the page that stands where the laptop is, with everything in the fragment', async () => {
    const { laptop, id } = await laptopWithCart()
    const { url, guest } = await linkOf(laptop, id, 'share')
    expect(new URL(url).origin).toBe(chat.url)
    expect(new URL(url).pathname).toBe('/continue')
    expect(new URL(url).search).toBe('')
    expect(guest).toContain(laptop.cookie.replace('chat_guest=', '').split('.')[0])
  })

  it('is described without being spent, and hands over once the laptop has approved the number', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'share')
    const phone = await newPhone()
    const own = phone.cookie
    for (let times = 0; times < 3; times++) {
      const described = await phone.call('POST', '/api/chat/continue/describe', keyOf(link))
      expect(described).toEqual({
        transfer: {
          transferId: link.transferId,
          mode: 'share',
          title: 'Evenings',
          messageCount: expect.any(Number),
          itemCount: 1,
          needsApproval: true,
          expiresAt: expect.any(String),
        },
        leaves: { sessions: 0 },
      })
    }
    const redemptionId = crypto.randomUUID()
    const pending = await redeemAs(phone, link, { redemptionId })
    expect(pending.body).toEqual({
      status: 'pending',
      matchCode: expect.stringMatching(/^\d\d$/),
      expiresAt: expect.any(String),
    })
    expect(phone.cookie, 'the phone is nobody else before').toBe(own)
    expect((await phone.send('GET', `/api/sessions/${id}`)).status).toBe(404)

    const { transfers } = await laptop.call('GET', `/api/sessions/${id}/transfers`)
    const { matchCode } = pending.body
    expect(transfers).toEqual([expect.objectContaining({ status: 'waiting', matchCode })])
    const wrong = matchCode === '00' ? '01' : '00'
    expect((await approve(laptop, id, link, wrong)).status).toBe(400)
    expect((await redeemAs(phone, link, { redemptionId })).body['status']).toBe('pending')
    expect((await approve(laptop, id, link, matchCode)).status).toBe(200)

    const redeemed = await redeemAs(phone, link, { redemptionId })
    expect(redeemed.body).toEqual({ status: 'redeemed', sessionId: id })
    expect(redeemed.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=lax/i)
    expect((await phone.call('GET', `/api/sessions/${id}/cart`))['cart'].itemCount).toBe(1)
    await phone.ask(id, 'Add two postcards')
    expect((await laptop.call('GET', `/api/sessions/${id}/cart`))['cart'].itemCount).toBe(3)
    // The answer was lost on its way: the same phone asks again, and so does anybody else, in vain.
    expect((await redeemAs(phone, link, { redemptionId })).body).toEqual({
      status: 'redeemed',
      sessionId: id,
    })
    expect((await redeemAs(await newPhone(), link)).status).toBe(404)
  })

  it('makes one phone of ten that guest', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'share')
    const phones = await Promise.all(Array.from({ length: 10 }, newPhone))
    const answers = await Promise.all(phones.map((phone) => redeemAs(phone, link)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(404)])
    const { matchCode } = answers.find(({ status }) => status === 200)!.body
    expect((await approve(laptop, id, link, matchCode)).status).toBe(200)
    const late = await Promise.all(phones.map((phone) => redeemAs(phone, link)))
    expect(late.map(({ status }) => status)).toEqual(Array<number>(10).fill(404))
  })

  it('ends when the laptop turns the phone away, or changes its mind', async () => {
    const { laptop, id } = await laptopWithCart()
    const denied = await linkOf(laptop, id, 'share')
    const phone = await newPhone()
    const redemptionId = crypto.randomUUID()
    await redeemAs(phone, denied, { redemptionId })
    await laptop.call('POST', `/api/sessions/${id}/transfers/${denied.transferId}/deny`)
    expect((await redeemAs(phone, denied, { redemptionId })).status).toBe(404)
    const revoked = await linkOf(laptop, id, 'share')
    await laptop.call('DELETE', `/api/sessions/${id}/transfers/${revoked.transferId}`)
    expect((await redeemAs(phone, revoked)).status).toBe(404)
    expect((await phone.send('POST', '/api/chat/continue/describe', keyOf(revoked))).status).toBe(404)
  })

  it('opens nothing by one of its halves', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'share')
    const other = await linkOf((await laptopWithCart()).laptop, id, 'share').catch(() => undefined)
    expect(other, 'nobody begins a transfer of what is not theirs').toBeUndefined()
    const phone = await newPhone()
    const { secret, guest } = link
    const [name, signature] = guest!.split('.')
    const later = await linkOf(laptop, id, 'share')
    const strange = await newPhone()
    for (const key of [
      { secret },
      { secret: 'A'.repeat(43), guest },
      { secret, guest: `${name}.${'A'.repeat(43)}` },
      { secret, guest: `${strange.cookie.replace('chat_guest=', '').split('.')[0]}.${signature}` },
      { secret, guest: later.guest },
      { secret, guest: strange.cookie.replace('chat_guest=', '') },
      { secret, guest: laptop.cookie.replace('chat_guest=', '') },
    ]) {
      const answer = await phone.send('POST', '/api/chat/continue', {
        ...key,
        redemptionId: crypto.randomUUID(),
      })
      expect([answer.status, answer.body['detail']]).toEqual([404, 'There is no such transfer.'])
    }
    const cookie = `chat_guest=${guest!}`
    expect((await fetch(`${chat.url}/api/sessions/${id}`, { headers: { cookie } })).status).toBe(404)
    expect((await redeemAs(phone, link)).body['status'], 'and none of that has spent it').toBe('pending')
  })

  it('leaves no sessions behind unasked', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'share')
    const phone = chat.visitor()
    const own = await phone.begin({ title: 'Mine' })
    const cookie = phone.cookie
    const { leaves } = await phone.call('POST', '/api/chat/continue/describe', keyOf(link))
    expect(leaves).toEqual({ sessions: 1 })
    expect((await redeemAs(phone, link)).body).toEqual({ status: 'occupied', leaves: { sessions: 1 } })
    expect(phone.cookie).toBe(cookie)
    expect((await phone.call('GET', `/api/sessions/${own}`))['session'].title).toBe('Mine')
    expect((await redeemAs(phone, link, { replace: true })).body['status']).toBe('pending')
  })

  it('moves as well as it shares', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'move')
    const phone = await newPhone()
    const redemptionId = crypto.randomUUID()
    const { matchCode } = (await redeemAs(phone, link, { redemptionId })).body
    await approve(laptop, id, link, matchCode)
    expect((await redeemAs(phone, link, { redemptionId })).body).toEqual({
      status: 'redeemed',
      sessionId: id,
    })
    expect((await phone.call('GET', `/api/sessions/${id}`))['session'].title).toBe('Evenings')
  })

  it('goes on at the device that it was moved to, until another one brings it back', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'move')
    const phone = await newPhone()
    const redemptionId = crypto.randomUUID()
    const { matchCode } = (await redeemAs(phone, link, { redemptionId })).body
    await approve(laptop, id, link, matchCode)
    await redeemAs(phone, link, { redemptionId })
    // The answer was lost: it is the same phone that asks again.
    await redeemAs(phone, link, { redemptionId })
    const writes = [
      ['POST', `/api/sessions/${id}/message`, { content: 'Add two postcards' }],
      ['PATCH', `/api/sessions/${id}`, { label: '' }],
      ['PUT', `/api/sessions/${id}/state`, {}],
      ['DELETE', `/api/sessions/${id}/cart`, undefined],
      ['POST', `/api/sessions/${id}/rewind`, { toSeq: 0 }],
      ['POST', `/api/sessions/${encodeURIComponent(id)}/message/`, { content: 'Add two postcards' }],
      ['POST', `/api/chat/${id}/transfer`, { mode: 'share' }],
    ] as const
    for (const [method, path, body] of writes) {
      const { status, body: problem } = await laptop.send(method, path, body)
      expect([method, path, status, problem['code']]).toEqual([method, path, 409, 'elsewhere'])
    }
    expect((await laptop.call('GET', `/api/sessions/${id}/messages`))['messages'].items).not.toHaveLength(0)
    const { session: forked } = await laptop.call('POST', `/api/sessions/${id}/fork`, {})
    await laptop.ask(forked.id, 'Add two postcards')
    await phone.ask(id, 'Add two postcards')

    await laptop.call('POST', `/api/chat/${id}/hold`)
    await laptop.ask(id, 'Add two postcards')
    expect((await phone.send('POST', `/api/sessions/${id}/message`, { content: 'Hi' })).body['code']).toBe(
      'elsewhere',
    )
    // A device that joins in goes on, too, and nobody else.
    const shared = await linkOf(laptop, id, 'share')
    const tablet = await newPhone()
    const joining = { redemptionId: crypto.randomUUID() }
    const asked = (await redeemAs(tablet, shared, joining)).body
    await approve(laptop, id, shared, asked['matchCode'])
    await redeemAs(tablet, shared, joining)
    for (const each of [tablet, laptop]) await each.ask(id, 'Add two postcards')
    expect((await phone.send('DELETE', `/api/sessions/${id}/cart`)).status).toBe(409)
    expect((await (await newPhone()).send('POST', `/api/chat/${id}/hold`)).status).toBe(404)
    expect((await phone.send('DELETE', `/api/sessions/${id}`)).status).toBe(200)
  })
})

describe('a copy for somebody else', () => {
  it('becomes a session of theirs, and the guest stays alone with their own', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'copy')
    expect(link.guest).toBeUndefined()
    const friend = chat.visitor()
    const own = await friend.begin({ title: 'Mine' })
    const cookie = friend.cookie
    const described = await friend.call('POST', '/api/chat/continue/describe', keyOf(link))
    expect([described['transfer'].mode, described['transfer'].needsApproval, described['leaves']]).toEqual([
      'copy',
      false,
      { sessions: 0 },
    ])
    const redemptionId = crypto.randomUUID()
    const { body } = await redeemAs(friend, link, { redemptionId })
    expect(body).toEqual({ status: 'redeemed', sessionId: expect.any(String) })
    expect(body['sessionId']).not.toBe(id)
    expect(friend.cookie).toBe(cookie)
    const { sessions } = await friend.call('GET', '/api/sessions')
    const ids = sessions.items.map((each: { id: string }) => each.id)
    expect(ids.toSorted()).toEqual([own, body['sessionId']].toSorted())
    await friend.ask(body['sessionId'], 'Add two postcards')
    expect((await friend.call('GET', `/api/sessions/${body['sessionId']}/cart`))['cart'].itemCount).toBe(3)
    expect((await laptop.call('GET', `/api/sessions/${id}/cart`))['cart'].itemCount).toBe(1)
    expect((await friend.send('GET', `/api/sessions/${id}`)).status).toBe(404)
    expect((await laptop.send('GET', `/api/sessions/${body['sessionId']}`)).status).toBe(404)
    // The answer was lost.
    expect((await redeemAs(friend, link, { redemptionId })).body).toEqual(body)
    expect((await redeemAs(await newPhone(), link, { redemptionId })).status, 'for them alone').toBe(404)
  })

  it('is made once, in any order of the requests, and once for a visitor who presses twice', async () => {
    const { laptop, id } = await laptopWithCart()
    const link = await linkOf(laptop, id, 'copy')
    const friends = await Promise.all(Array.from({ length: 6 }, newPhone))
    const answers = await Promise.all(friends.map((friend) => redeemAs(friend, link)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(5).fill(404)])

    const another = await linkOf(laptop, id, 'copy')
    const redemptionId = crypto.randomUUID()
    const eager = await newPhone()
    const twice = await Promise.all([1, 2, 3].map(() => redeemAs(eager, another, { redemptionId })))
    expect(new Set(twice.map(({ body }) => body['sessionId'])).size).toBe(1)
    expect((await eager.call('GET', '/api/sessions'))['sessions'].items).toHaveLength(1)
  })
})

describe('what is asked of these routes', () => {
  it('is checked, and a GET redeems nothing', async () => {
    const { laptop, id } = await laptopWithCart()
    const long = 'a-redemption-of-tests'
    for (const [path, body, field] of [
      [`/api/chat/${id}/transfer`, {}, 'mode'],
      [`/api/chat/${id}/transfer`, { mode: 'steal' }, 'mode'],
      [`/api/chat/${id}/transfer`, { mode: 'share', confirm: 'none' }, 'confirm'],
      ['/api/chat/continue', { secret: 'x' }, 'redemptionId'],
      ['/api/chat/continue', { secret: 'x', redemptionId: 'short' }, 'redemptionId'],
      ['/api/chat/continue', { redemptionId: long }, 'secret'],
      ['/api/chat/continue', { secret: 'x', redemptionId: long, userId: 'admin' }, 'userId'],
      ['/api/chat/continue', '{"__proto__":{"a":1},"secret":"x"}', '__proto__'],
      ['/api/chat/continue/describe', { secret: 7 }, 'secret'],
      ['/api/chat/continue/describe', [], 'body'],
    ] as const) {
      const { status, body: problem, headers } = await laptop.send('POST', path, body)
      expect([path, body, status, problem['code'], problem['path']]).toEqual([
        path,
        body,
        400,
        'invalid',
        field,
      ])
      expect(headers.get('content-type')).toBe('application/problem+json')
      expect(headers.get('cache-control')).toBe('no-store')
    }
    expect((await laptop.send('POST', '/api/chat/continue', '{"secret"')).status).toBe(400)
    expect((await laptop.send('POST', '/api/chat/continue', { secret: 'x'.repeat(20_000) })).status).toBe(413)
    const typed = await laptop.send('POST', '/api/chat/continue', '{}', { 'Content-Type': 'text/plain' })
    expect(typed.status).toBe(400)
    expect((await laptop.send('GET', '/api/chat/continue')).status).toBe(405)
  })
})
