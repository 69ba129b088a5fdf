import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, startServer, type TestServer } from './server.js'

// The endpoints of the guide with the guide's own bodies.
let server: TestServer
let client: Client

beforeAll(async () => {
  server = await startServer()
  client = server.client()
})
afterAll(async () => server.close())

describe('POST /query', () => {
  test('begins a session, hands over its credential, and stores question and answer', async () => {
    const caller = server.client()
    const { status, headers, body, data } = await caller.send('POST', '/query', {
      q: 'What smartphones do you have?',
    })
    expect(status).toBe(200)
    expect(body.success).toBe(true)
    expect(data['session_id']).toMatch(/^[\w-]{24}$/)
    expect(data['answer']).toContain('smartphones')
    expect(headers.get('set-cookie')).toMatch(/HttpOnly/i)
    expect(headers.get('x-session-id')).not.toBe(data['session_id'])
    const { data: said } = await caller.send('GET', `/session/${data['session_id']}/conversation`)
    expect(said['conversation'].map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant'])
    expect(said['conversation'][1].content).toBe(data['answer'])
  })

  test('goes on with the session of the cookie', async () => {
    const first = await server.client().fetch('POST', '/query', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ q: 'show me laptops' }),
    })
    const cookie = first.headers.get('set-cookie')!.split(';')[0]!
    const answer = await server.client({ Cookie: cookie, Origin: server.url }).ask('what did I ask first?')
    expect(answer['answer']).toContain('show me laptops')
  })

  test('takes the sessionId of the guide when it is the caller’s', async () => {
    const path = await client.start()
    const sessionId = path.slice('/session/'.length)
    const data = await client.ask('hello', { sessionId })
    expect(data['session_id']).toBe(sessionId)
  })

  test('answers a repeated message_id with the stored reply, and does nothing twice', async () => {
    const path = await client.start()
    await client.ask('show me laptops')
    const one = await client.ask('add the first one', { message_id: 'm-1' })
    const again = await client.send('POST', '/query', { q: 'add the first one', message_id: 'm-1' })
    expect(again.data['answer']).toBe(one['answer'])
    expect(again.data['message']).toEqual(one['message'])
    expect(again.body.meta).toEqual({ repeated: true })
    expect((await client.send('GET', `${path}/cart`)).data['item_count']).toBe(1)
    expect((await client.send('GET', `${path}/conversation`)).data['count']).toBe(4)
  })

  test('answers a message_id once, however many send it at once', async () => {
    const path = await client.start()
    await client.ask('show me laptops')
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.ask('add the first one', { message_id: 'm-2' })),
    )
    expect(new Set(answers.map(({ answer }) => String(answer))).size).toBe(1)
    expect((await client.send('GET', `${path}/cart`)).data['item_count']).toBe(1)
  })

  test('refuses a message_id that was another question', async () => {
    await client.start()
    await client.ask('hello', { message_id: 'm-3' })
    const { status, body } = await client.send('POST', '/query', { q: 'goodbye', message_id: 'm-3' })
    expect(status).toBe(409)
    expect(body.error?.code).toBe('conflict')
  })
})

describe('GET /session/:id/conversation', () => {
  test('gives the newest, oldest first, a page at a time', async () => {
    const path = await client.start()
    const messages = Array.from({ length: 7 }, (_, at) => ({ role: 'user', content: `message ${at + 1}` }))
    expect((await client.send('POST', `${path}/messages`, { messages })).status).toBe(201)
    const newest = await client.send('GET', `${path}/conversation?limit=3`)
    const texts = (data: Record<string, unknown>): string[] =>
      (data['conversation'] as { content: string }[]).map(({ content }) => content)
    expect(texts(newest.data)).toEqual(['message 5', 'message 6', 'message 7'])
    expect(newest.data['count']).toBe(3)
    const earlier = await client.send(
      'GET',
      `${path}/conversation?limit=10&before=${newest.body.meta?.['before']}`,
    )
    expect(texts(earlier.data)).toEqual(['message 1', 'message 2', 'message 3', 'message 4'])
    expect(earlier.body.meta?.['before']).toBeNull()
    expect(newest.data['conversation'][0].timestamp).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  test.each(['0', '101', '-5', 'abc', '1.5', '', '1&limit=2'])('refuses limit=%s', async (limit) => {
    const path = await client.start()
    const { status, body } = await client.send('GET', `${path}/conversation?limit=${limit}`)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'invalid', path: 'limit' })
  })
})

describe('POST /session/:id/preferences', () => {
  test('merges, and answers all of them', async () => {
    const path = await client.start()
    const guide = {
      budget_range: '500-1000',
      preferred_brands: ['Apple', 'Samsung'],
      device_type: 'smartphone',
      shipping_preference: 'express',
    }
    const first = await client.send('POST', `${path}/preferences`, guide)
    expect(first.data).toMatchObject({ preferences: guide, session_id: path.slice(9) })
    const second = await client.send('POST', `${path}/preferences`, {
      colour: 'black',
      shipping_preference: null,
    })
    const { shipping_preference: _, ...others } = guide
    expect(second.data['preferences']).toEqual({ ...others, colour: 'black' })
    expect((await client.send('GET', `${path}/info`)).data['session_info'].preferences).toEqual({
      ...others,
      colour: 'black',
    })
  })

  test('what they say shows in the answers', async () => {
    const path = await client.start()
    await client.send('POST', `${path}/preferences`, {
      budget_range: '500-1000',
      preferred_brands: ['Samsung'],
      device_type: 'smartphone',
    })
    const { shown } = await client.ask('recommend something')
    expect(shown[0]).toMatchObject({ brand: 'Samsung', category: 'smartphone' })
    for (const { price } of shown) expect(price.amount).toBeLessThanOrEqual(100_000)
  })
})

describe('the cart', () => {
  const guide = { name: 'iPhone 15 Pro', price: 999, category: 'smartphone', sku: 'IPH15PRO-256' }

  test('takes the guide’s item', async () => {
    const path = await client.start()
    const { status, data } = await client.send('POST', `${path}/cart/add`, guide)
    expect(status).toBe(200)
    expect(data['item']).toMatchObject({
      sku: 'IPH15PRO-256',
      name: 'iPhone 15 Pro',
      price: 999,
      unit_price: { amount: 99_900, currency: 'USD' },
      category: 'smartphone',
      quantity: 1,
    })
    const cart = await client.send('GET', `${path}/cart`)
    expect(cart.data).toMatchObject({ item_count: 1, total: { amount: 99_900, currency: 'USD' } })
  })

  test('sells what it knows at its own price', async () => {
    const path = await client.start()
    const { data } = await client.send('POST', `${path}/cart/add`, { ...guide, price: 1, name: 'a bargain' })
    expect(data['item']).toMatchObject({ name: 'iPhone 15 Pro', price: 999 })
  })

  test('takes a price of something unknown exactly, and says whose price it is', async () => {
    const path = await client.start()
    for (const [price, amount] of [
      [19.99, 1999],
      [1.15, 115],
      [0.07, 7],
      [8.5, 850],
      [{ amount: 1234, currency: 'USD' }, 1234],
    ] as const) {
      const sku = `gift-${JSON.stringify(price)}`
      const { data } = await client.send('POST', `${path}/cart/add`, { sku, name: 'a gift', price })
      expect(data['item']).toMatchObject({
        unit_price: { amount, currency: 'USD' },
        price: amount / 100,
        price_from: 'client',
      })
    }
  })

  test('takes any fields of an item, and keeps those that it does not know', async () => {
    const path = await client.start()
    const mug = { name: 'Mug “Ünïc”', price: 8.5, colour: 'blue', gift: { to: 'Ann' }, qty: 2, id: 'mine' }
    const first = await client.send('POST', `${path}/cart/add`, mug)
    expect(first.data['item']).toMatchObject({
      sku: 'made-mug-ünïc',
      name: mug.name,
      quantity: 2,
      unit_price: { amount: 850, currency: 'USD' },
      price_from: 'client',
      colour: 'blue',
      gift: { to: 'Ann' },
    })
    expect(first.data['item'].id).not.toBe('mine')
    const again = await client.send('POST', `${path}/cart/add`, mug)
    expect(again.data).toMatchObject({ item: { id: first.data['item'].id, quantity: 4 }, item_count: 4 })
    const red = await client.send('POST', `${path}/cart/add`, { ...mug, colour: 'red', price_from: 'shop' })
    expect(red.data).toMatchObject({ item: { colour: 'red', quantity: 2, price_from: 'client' } })
    expect(red.data['cart']).toHaveLength(2)
    const known = await client.send('POST', `${path}/cart/add`, { sku: 'KINDLE', engraving: 'A', brand: 'X' })
    expect(known.data['item']).toMatchObject({ sku: 'KINDLE', engraving: 'A', brand: 'Amazon' })
    const bare = await client.send('POST', `${path}/cart/add`, { name: '!', price: 1 })
    expect(bare.data['item']).toMatchObject({ sku: 'made-item', name: '!' })
  })

  test.each([
    [{ price: 1 }, 'name'],
    [{ name: 'Mug' }, 'price'],
    [{ name: 'Mug', price: 'free' }, 'price'],
    [{ name: 'Mug', price: 1, qty: -3 }, 'qty'],
    [{ name: 'Mug', price: 1, quantity: 0 }, 'quantity'],
    [{ sku: '', name: 'Mug', price: 1 }, 'sku'],
  ])('refuses %j', async (item, field) => {
    const path = await client.start()
    const { status, body } = await client.send('POST', `${path}/cart/add`, item)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'invalid', path: field })
  })

  test('shows what was ordered', async () => {
    const path = await client.start()
    expect((await client.send('GET', `${path}/orders`)).data).toMatchObject({ orders: [], count: 0 })
    const placed = []
    for (const sku of ['KINDLE', 'KPW']) {
      await client.send('POST', `${path}/cart/add`, { sku })
      placed.push((await client.send('POST', `${path}/cart/checkout`)).data['order'])
    }
    const { data } = await client.send('GET', `${path}/orders`)
    expect(data).toEqual({ session_id: path.slice(9), orders: placed, count: 2 })
    const other = await server.client().send('GET', `${path}/orders`)
    expect(other.status).toBe(404)
  })

  test('adds up, changes, removes, clears', async () => {
    const path = await client.start()
    await client.send('POST', `${path}/cart/add`, guide)
    const { data } = await client.send('POST', `${path}/cart/add`, { sku: guide.sku, quantity: 2 })
    expect(data['cart']).toHaveLength(1)
    expect(data['item_count']).toBe(3)
    const itemId = data['item'].id as string
    const set = await client.send('PATCH', `${path}/cart/items/${itemId}`, { quantity: 5 })
    expect(set.data['item_count']).toBe(5)
    expect((await client.send('DELETE', `${path}/cart/items/${itemId}`)).data['item_count']).toBe(0)
    const gone = await client.send('DELETE', `${path}/cart/items/${itemId}`)
    expect(gone.body.error).toMatchObject({ code: 'not_found', path: 'itemId' })
    await client.send('POST', `${path}/cart/add`, guide)
    const cleared = await client.send('DELETE', `${path}/cart/clear`)
    expect(cleared.data).toMatchObject({ cart: [], item_count: 0, total: null })
  })

  test('keeps every one of 20 adds at once, on one line', async () => {
    const path = await client.start()
    await Promise.all(Array.from({ length: 20 }, () => client.send('POST', `${path}/cart/add`, guide)))
    const { data } = await client.send('GET', `${path}/cart`)
    expect(data['cart']).toHaveLength(1)
    expect(data['item_count']).toBe(20)
  })

  test('is ordered once', async () => {
    const path = await client.start()
    await client.send('POST', `${path}/cart/add`, guide)
    const [one, other] = await Promise.all([
      client.send('POST', `${path}/cart/checkout`),
      client.send('POST', `${path}/cart/checkout`),
    ])
    expect([one.status, other.status].toSorted()).toEqual([201, 400])
    const order = (one.status === 201 ? one : other).data['order']
    expect(order).toMatchObject({ total: { amount: 99_900, currency: 'USD' } })
    expect((await client.send('GET', `${path}/cart`)).data['item_count']).toBe(0)
  })
})

describe('GET /session/:id/info', () => {
  test('has the shape of the guide, and topics that are topics', async () => {
    const path = await client.start()
    await client.send('POST', `${path}/preferences`, { budget_range: '500-1000' })
    await client.ask('What smartphones do you have?')
    await client.ask('I want a smartphone with a good camera!')
    await client.ask('Which smartphone has the best camera?')
    await client.ask('add the first one')
    const before = await client.send('GET', `${path}/info`)
    const { session_info: info, analytics } = before.data
    expect(info).toMatchObject({ conversation_count: 8, preferences: { budget_range: '500-1000' } })
    expect(info.shopping_cart).toHaveLength(1)
    expect(Date.parse(info.created_at)).toBeLessThanOrEqual(Date.parse(info.last_active))
    expect(analytics).toMatchObject({ user_message_count: 4, assistant_message_count: 4 })
    expect(analytics.session_duration).toMatch(/^\d+[smhd]( \d+[smhd])?$/)
    expect(analytics.duration_ms).toBe(Date.parse(info.last_active) - Date.parse(info.created_at))
    expect(analytics.top_topics.slice(0, 2)).toEqual([
      { word: 'smartphone', count: 3 },
      { word: 'camera', count: 2 },
    ])
    const again = await client.send('GET', `${path}/info`)
    expect(again.data).toEqual(before.data)
  })

  test('tells what was done with the cart', async () => {
    const path = await client.start()
    await client.send('POST', `${path}/cart/add`, { sku: 'KINDLE', quantity: 3 })
    const { data } = await client.send('POST', `${path}/cart/add`, { sku: 'KPW' })
    await client.send('DELETE', `${path}/cart/items/${data['item'].id}`)
    await client.send('POST', `${path}/cart/checkout`)
    const info = await client.send('GET', `${path}/info`)
    expect(info.data['analytics'].cart).toMatchObject({
      items_added: 4,
      items_removed: 1,
      items_purchased: 3,
      items_in_cart: 0,
      orders: 1,
    })
  })
})

describe('beyond the guide', () => {
  test('POST /session starts another session, whatever the caller comes with', async () => {
    const caller = server.client()
    const first = await caller.start()
    const second = await caller.start()
    expect(second).not.toBe(first)
    expect((await caller.send('GET', '/session')).data['session_id']).toBe(second.slice(9))
  })

  test('a reset clears the conversation and keeps cart and preferences', async () => {
    const path = await client.start()
    await client.send('POST', `${path}/preferences`, { budget_range: '500-1000' })
    await client.ask('show me laptops')
    await client.ask('add the first one')
    expect((await client.send('POST', `${path}/reset`)).status).toBe(200)
    expect((await client.send('GET', `${path}/conversation`)).data['count']).toBe(0)
    expect((await client.send('GET', `${path}/cart`)).data['item_count']).toBe(1)
    const { data } = await client.send('POST', '/query', { q: 'add the second one' })
    expect(data['answer']).toContain('What should I add?')
  })

  test('a deleted session is gone, and its cookie with it', async () => {
    const path = await client.start()
    const { status, headers } = await client.send('DELETE', path)
    expect(status).toBe(200)
    expect(headers.get('set-cookie')).toMatch(/Max-Age=0/i)
    expect((await client.send('GET', `${path}/info`)).status).toBe(404)
    expect((await client.send('DELETE', path)).status).toBe(404)
  })

  test('the catalogue can be searched', async () => {
    const { data } = await client.send('GET', '/products?q=noise+cancelling+headphones&max_price=100')
    expect(data['total']).toBeGreaterThan(1)
    for (const { category, price } of data['products']) {
      expect(category).toBe('headphones')
      expect(price.amount).toBeLessThanOrEqual(10_000)
    }
    expect((await client.send('GET', '/products?q=bicycles')).data['total']).toBe(0)
    expect((await client.send('GET', '/products?brand=sony&category=tv')).data['total']).toBe(4)
    expect((await client.send('GET', '/products/KINDLE')).data['product'].name).toBe('Kindle')
    expect((await client.send('GET', '/products/none')).status).toBe(404)
  })

  test('messages are appended word for word', async () => {
    const path = await client.start()
    const content = 'half past 11 \u0000 \uD83D\uDE00 “quoted” {"a":1}\n\t'
    const { data } = await client.send('POST', `${path}/messages`, {
      messages: [{ id: 'a', role: 'user', content }],
    })
    expect(data['messages'][0]).toMatchObject({ id: 'a', seq: 1, inserted: true })
    const again = await client.send('POST', `${path}/messages`, {
      messages: [{ id: 'a', role: 'user', content }],
    })
    expect(again.data['messages'][0]).toMatchObject({ id: 'a', seq: 1, inserted: false })
    const read = await client.send('GET', `${path}/conversation`)
    expect(read.data['conversation']).toMatchObject([{ id: 'a', role: 'user', content }])
  })

  test('GET / is a page that needs no other host', async () => {
    const response = await fetch(server.url)
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(await response.text()).not.toMatch(/https?:\/\//)
    for (const file of ['page.js', 'shop.js', 'page.css', 'icon.svg'])
      expect((await fetch(`${server.url}/${file}`)).status).toBe(200)
  })
})
