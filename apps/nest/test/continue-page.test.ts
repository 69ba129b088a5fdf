import { describe, expect, it } from 'vitest'
import { device, laptopWithCart, press, server, thing, usePhones } from './phones.js'

usePhones()

describe('the page of the phone', () => {
  it('shows what a link opens, takes it on a press, and once', async () => {
    const { laptop, link } = await laptopWithCart()
    const secret = link.split('#')[1]!
    const phone = await device()
    await phone.goto(link)
    await phone.getByText('This link opens a session with 1 thing in the cart').waitFor()
    expect(phone.url(), 'the secret is out of the address').not.toContain(secret)
    // Looking spends nothing, however often.
    await (await device()).goto(link)
    await press(phone, 'Continue here')
    await thing(phone, 'Hand grinder', 1)
    expect(await phone.getByRole('heading').first().textContent()).toBe('You are here now')

    await laptop.getByText('Your cart is on your phone now').waitFor()
    // It is ordered where it went to.
    await press(phone, 'Order for €89.00')
    await phone.getByRole('heading', { name: 'Thank you' }).waitFor()
    expect(await phone.locator('#order').textContent()).toMatch(/^[\w-]{24}$/)
    const late = await device()
    await late.goto(link)
    await late.getByText('This link opens nothing').waitFor()
    expect(server.log.join('\n')).not.toContain(secret)
    expect(server.errors).toEqual([])
  })

  it('runs no script but its own, and cannot be framed', async () => {
    const page = await fetch(`${server.url}/continue?shop=%22%3E%3Cscript%3E`)
    const policy = page.headers.get('content-security-policy')!
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await page.text()).not.toContain('"><script>')
    const form = await fetch(`${server.url}/continue/redeem`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'code=ABCDEFGH',
    })
    expect(form.status, 'no page of another site swaps a session').toBe(403)
  })

  it('is a page where nothing is, too, and a problem for who asks for none', async () => {
    const asked = (path: string, accept: string) => fetch(server.url + path, { headers: { accept } })
    const page = await asked('/nowhere', 'text/html,*/*;q=0.8')
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('There is nothing here.')
    for (const [path, accept] of [
      ['/nowhere', '*/*'],
      ['/v1/nowhere', 'text/html'],
    ] as const) {
      const other = await asked(path, accept)
      expect(other.status, path).toBe(404)
      expect(other.headers.get('content-type'), path).toContain('application/problem+json')
    }
  })

  it('does not say that the gateway is away when it was sent too much', async () => {
    const form = await fetch(`${server.url}/continue`, {
      method: 'POST',
      body: new URLSearchParams({ code: 'x'.repeat(200_000) }),
    })
    expect(form.status).toBe(413)
    expect(await form.text()).toContain('This page was not understood.')
  })
})
