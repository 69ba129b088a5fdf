import { describe, expect, it } from 'vitest'
import { device, laptopWithCart, look, press, server, small, thing, usePhones } from './phones.js'

usePhones()

describe('the page of the gateway', () => {
  it('takes up in every tab the cart that one of them has begun', async () => {
    const { laptop, link } = await laptopWithCart()
    const other = await laptop.context().newPage()
    await other.goto(server.url)
    await thing(other, 'Hand grinder', 1)
    const phone = await device(small)
    await phone.goto(link)
    await press(phone, 'Continue here')
    await thing(phone, 'Hand grinder', 1)
    await laptop.getByText('Your cart is on your phone now').waitFor()
    await other.getByText('Your cart has left this device').waitFor()
    await press(laptop, 'Begin a new cart')
    await press(laptop, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 1)
    await thing(other, 'Head lamp', 1)
    expect(await other.locator('#gone').isVisible()).toBe(false)
    await press(other, 'Add Cup, 200 ml')
    await thing(other, 'Cup, 200 ml', 1)
    await thing(laptop, 'Cup, 200 ml', 1)
  })

  it.each([
    ['forbids storage', "Object.defineProperty(window, 'localStorage', { get: refuse })"],
    ['has no room left', 'Storage.prototype.setItem = refuse'],
  ])('fills a cart where the browser %s', async (_, refusing) => {
    const laptop = await device()
    await laptop.addInitScript({
      content: `{
        const refuse = () => {
          throw new DOMException('Access is denied for this document.', 'SecurityError')
        }
        ${refusing}
      }`,
    })
    await laptop.goto(server.url)
    await press(laptop, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 1)
    await press(laptop, 'One more Head lamp')
    await thing(laptop, 'Head lamp', 2)
    expect(await laptop.locator('#problem').isVisible()).toBe(false)
  })

  it.each([86_400_000, -86_400_000])('shows a link where the clock is wrong (%i ms)', async (wrongMs) => {
    const laptop = await device()
    await laptop.addInitScript((ms) => {
      const now = Date.now.bind(Date)
      Date.now = () => now() + ms
    }, wrongMs)
    await laptop.goto(server.url)
    await press(laptop, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 1)
    await press(laptop, 'Continue on my phone')
    await laptop.getByText('Both work once, until').waitFor()
    await thing(laptop, 'Head lamp', 1)
    expect(await laptop.locator('#transfer').isVisible()).toBe(true)
  })

  it('adds once what is pressed again because its answer got lost', async () => {
    const laptop = await device()
    await laptop.goto(server.url)
    const loseNext = () =>
      laptop.route(
        '**/v1/execute',
        async (route) => {
          await route.fetch()
          await route.abort()
        },
        { times: 1 },
      )
    await loseNext()
    await press(laptop, 'Add Head lamp')
    await laptop.getByText('does not answer').waitFor()
    await press(laptop, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 1)
    await loseNext()
    await press(laptop, 'Add Cup, 200 ml')
    // What was done is seen, so another press means another one.
    await thing(laptop, 'Cup, 200 ml', 1)
    await press(laptop, 'Add Cup, 200 ml')
    await thing(laptop, 'Cup, 200 ml', 2)
  })

  it('holds ten thousand of a thing, and breaks neither number nor word of it on a small phone', async () => {
    const laptop = await device({ viewport: { width: 320, height: 640 } })
    await laptop.goto(server.url)
    await press(laptop, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 1)
    await laptop.goto(`${server.url}/cart`)
    const itemId = await laptop.locator('#cart [name=itemId]').inputValue()
    const form = { itemId, quantity: '10000' }
    await laptop.request.post(`${server.url}/cart/quantity`, { form, headers: { origin: server.url } })
    await laptop.reload()
    expect(await laptop.getByRole('button', { name: /^One more/ }).isDisabled()).toBe(true)
    for (const each of await laptop.locator('#cart .times, #cart .text, #cart .sum').all())
      expect((await each.boundingBox())!.height).toBeLessThan(50)
    await look(laptop, 'small-ten-thousand')
    await laptop.goto(server.url)
    await thing(laptop, 'Head lamp', 10_000)
    await press(laptop, 'Add Head lamp')
    await laptop.getByText('A cart holds 10,000 of one thing at most.').waitFor()
    expect(await laptop.getByRole('button', { name: /^One more/ }).isDisabled()).toBe(true)
  })

  it('keeps the focus of who uses the keyboard, or leaves it nearby', async () => {
    const laptop = await device()
    await laptop.goto(server.url)
    const focused = () => laptop.evaluate('document.activeElement.ariaLabel ?? document.activeElement.id')
    const act = async (name: string, quantity: number): Promise<void> => {
      await laptop.getByRole('button', { name, exact: true }).focus()
      await laptop.keyboard.press('Enter')
      await thing(laptop, 'Hand grinder', quantity)
    }
    await act('Add Hand grinder', 1)
    expect(await focused()).toBe('Add Hand grinder')
    await act('One more Hand grinder', 2)
    expect(await focused()).toBe('One more Hand grinder')
    await act('One less Hand grinder', 1)
    // The same place; what it does now has another name.
    expect(await focused()).toBe('Remove Hand grinder')
    await laptop.keyboard.press('Enter')
    await laptop.getByText('is out of the cart').waitFor()
    await expect.poll(focused).toBe('cart-title')
  })
})
