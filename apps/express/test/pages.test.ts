import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from './server.js'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => server.close())

/** A browser without JavaScript: keeps its cookie, and follows where forms lead. */
function browser() {
  let cookie = ''
  const open = async (path: string, form?: Record<string, string>, site = server.url) => {
    const response = await fetch(server.url + path, {
      redirect: 'manual',
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      headers: { cookie, origin: site, 'sec-fetch-site': site === server.url ? 'same-origin' : 'cross-site' },
    })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    const text: string = await response.text()
    const to = response.headers.get('location')
    if (to !== null) return open(to)
    return { status: response.status, text, path }
  }
  return open
}

describe('the shop without JavaScript', () => {
  test('says that it does not understand what nobody can read, and is not at fault', async () => {
    const open = browser()
    for (const path of ['/orders/%E0%A4%A', '/page/%FF'])
      expect((await open(path)).status, path).toBeLessThan(500)
    const tooLong = await open('/page/ask', { q: 'x'.repeat(200_000) })
    expect(tooLong.status).toBe(413)
    expect(tooLong.text).toContain('This was not understood.')
    expect(server.errors).toEqual([])
  })

  test('answers a browser that asks for nothing there is with a page, and others as it says', async () => {
    const asked = (path: string, accept: string) => fetch(server.url + path, { headers: { accept } })
    const page = await asked('/nowhere', 'text/html,application/xhtml+xml,*/*;q=0.8')
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('There is nothing here')
    for (const [path, accept] of [
      ['/nowhere', '*/*'],
      ['/api/v1/shopping/nowhere', 'text/html'],
    ] as const) {
      const other = await asked(path, accept)
      expect(other.status, path).toBe(404)
      expect(other.headers.get('content-type'), path).toContain('application/json')
    }
  })

  test('cuts a long question between two characters', async () => {
    const { text } = await browser()('/page/ask', { q: `${'a'.repeat(3999)}😀😀` })
    expect(text).toMatch(/>a{3999}\s*</)
    expect(text).not.toContain('\ufffd')
  })

  test('answers, fills a cart, and confirms the order with its number', async () => {
    const open = browser()
    const first = await open('/')
    expect(first.text).toContain('What are you looking for?')
    const asked = await open('/page/ask', { q: 'Show me laptops' })
    expect(asked.text).toContain('Products of the last answer')
    expect(asked.text).toMatch(/class="user"[\s\S]*Show me laptops/)
    await open('/page/add', { sku: 'KINDLE' })
    const { text } = await open('/page/add', { sku: 'KINDLE' })
    const itemId = /name="itemId" value="([^"]+)"/.exec(text)![1]!
    const changed = await open('/page/quantity', { itemId, quantity: '3' })
    const seen = /name="seen" value="([^"]+)"/.exec(changed.text)![1]!
    const stale = await open('/page/checkout', { seen: 'another' })
    expect(stale.text).toContain('nothing was ordered')
    const thanks = await open('/page/checkout', { seen })
    expect(thanks.path).toMatch(/^\/orders\/[\w-]{24}$/)
    expect(thanks.text).toContain('Thank you')
    expect(thanks.text).toContain(thanks.path.split('/')[2])
    const twice = await Promise.all([open('/page/checkout', { seen }), open('/page/checkout', { seen })])
    expect(twice.map(({ path }) => path)).toEqual([thanks.path, thanks.path])
    expect((await open('/page/checkout', { seen: 'another' })).text).toContain('There is nothing to order.')
    expect((await open('/')).text).toContain(thanks.path)
    expect((await browser()(thanks.path)).status, 'it is nobody else’s').toBe(404)
    const anew = await open('/page/new', {})
    expect(anew.text).not.toContain('class="user"')
    expect(anew.text).toContain(thanks.path)
  })

  test('says what was wrong, and takes nothing from another site', async () => {
    const open = browser()
    const { text } = await open('/page/preferences', { budget_range: 'abc' })
    expect(text).toContain('Not saved: the budget must be an amount')
    const brands = await open('/page/preferences', { preferred_brands: 'x'.repeat(101) })
    expect(brands.text).toContain('Not saved: each brand must have 100 characters at most.')
    const many = await open('/page/preferences', { preferred_brands: 'x,'.repeat(51) })
    expect(many.text).toContain('Not saved: the brands must be 50 at most.')
    const added = await open('/page/add', { sku: 'KINDLE' })
    const itemId = /name="itemId" value="([^"]+)"/.exec(added.text)![1]!
    await open('/page/quantity', { itemId, quantity: '10000' })
    const full = await open('/page/add', { sku: 'KINDLE' })
    expect(full.status).toBe(200)
    expect(full.text).toContain('A cart holds 10,000 of one thing at most.')
    const foreign = await open('/page/add', { sku: 'KINDLE' }, 'https://elsewhere.example')
    expect(foreign.status).toBe(403)
    expect(foreign.text).toContain('another site')
    expect((await open('/page/quantity', { itemId: 'x', quantity: 'many' })).status).toBe(400)
    expect((await open('/orders/none')).text).toContain('There is nothing here')
  })
})

test.each(['abc', 'cheap', '-', 'about nothing', '500 or so €uro?!x'.slice(10)])(
  'a budget of %j is refused with a sentence',
  async (budget) => {
    const client = server.client()
    const path = await client.start()
    const { status, body } = await client.send('POST', `${path}/preferences`, { budget_range: budget })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ path: 'budget_range' })
    expect(body.error?.message).toContain('must be an amount')
  },
)

test.each(['500', '500-1000', '$1,500', '500+', 'under 300', '<300', '', 500])(
  'a budget of %j is taken',
  async (budget) => {
    const client = server.client()
    const path = await client.start()
    expect((await client.send('POST', `${path}/preferences`, { budget_range: budget })).status).toBe(200)
  },
)
