import { describe, expect, it } from 'vitest'
import { catalogue } from '../src/catalogue.js'
import {
  device,
  laptopWithCart,
  look,
  press,
  server,
  small,
  tablet,
  thing,
  usePhones,
  zoomed,
} from './phones.js'

usePhones()

describe('the cart of the phone', () => {
  it.each([true, false])(
    'is changed, ordered, and there after a reload (script: %s)',
    async (javaScriptEnabled) => {
      const { link, code } = await laptopWithCart()
      const phone = await device({ ...small, javaScriptEnabled })
      if (javaScriptEnabled) await phone.goto(link)
      else {
        await phone.goto(`${server.url}/continue`)
        await phone.getByLabel('Short code').fill(code)
        await press(phone, 'Show me what it opens')
      }
      await press(phone, 'Continue here')
      await phone.getByRole('heading', { name: 'You are here now' }).waitFor()
      await phone.getByText('Kaffeelaune, €89.00 each').waitFor()
      await press(phone, 'One more Hand grinder')
      await thing(phone, 'Hand grinder', 2)
      await phone.reload()
      await thing(phone, 'Hand grinder', 2)
      await phone.getByText('€178.00').first().waitFor()

      await press(phone, 'Remove all Hand grinder')
      await phone.getByText('Hand grinder is out of the cart').waitFor()
      await press(phone, 'Put it back')
      await thing(phone, 'Hand grinder', 2)
      // The form for a code knows what came earlier.
      await phone.goto(`${server.url}/continue`)
      await phone.getByText('This device has a cart with 2 things').waitFor()
      await phone.getByRole('link', { name: 'Go to your cart' }).click()

      const form = {
        key: await phone.locator('input[name=key]').inputValue(),
        seen: await phone.locator('input[name=seen]').inputValue(),
      }
      await press(phone, 'Order for €178.00')
      await phone.getByRole('heading', { name: 'Thank you' }).waitFor()
      const number = await phone.locator('#order').textContent()
      await phone.reload()
      expect(await phone.locator('#order').textContent(), 'a reload orders nothing').toBe(number)
      expect(await phone.locator('.total').textContent()).toContain('€178.00')
      const again = await phone.request.post(`${server.url}/cart/checkout`, {
        form,
        headers: { origin: server.url },
      })
      expect(again.url()).toBe(phone.url())
      await phone.goto(`${server.url}/cart`)
      expect(await phone.locator('.orders li').count(), 'one order, however often it is sent').toBe(1)
      expect(server.errors).toEqual([])
    },
  )

  it('is one cart on the laptop, however fast the first things are added', async () => {
    const laptop = await device()
    await laptop.goto(server.url)
    const add = laptop.locator('#products button')
    await add.nth(3).waitFor()
    // All in one moment, before any answer.
    await laptop.evaluate(
      `for (const button of [...document.querySelectorAll('#products button')].slice(0, 4)) button.click()`,
    )
    await expect.poll(() => laptop.locator('#cart li').count()).toBe(4)
    await laptop.reload()
    await expect.poll(() => laptop.locator('#cart li').count()).toBe(4)
  })

  it('is ordered from below any number of lines', async () => {
    const claude = server.client({ authorization: 'Bearer demo-claude' })
    for (const { sku } of catalogue) await claude.run('add_to_cart', { sku, quantity: 2 })
    expect(catalogue.length).toBeGreaterThanOrEqual(15)
    const { url } = await claude.run('continue_elsewhere', { to: 'phone' })
    const phone = await device(small)
    await phone.goto(url as string)
    await press(phone, 'Continue here')
    await phone.locator('#cart').waitFor()
    expect(await phone.locator('#cart > li').count()).toBe(catalogue.length)
    const order = phone.getByRole('button', { name: /^Order for/ })
    const { y } = (await order.boundingBox())!
    expect(y, 'in sight without scrolling').toBeLessThan(844)
    await look(phone, 'phone-long-cart')
    await press(phone, `One more ${catalogue.at(-1)!.name}`)
    await phone.waitForURL(/#line-/)
    expect(
      (await phone.locator('#cart > li').last().boundingBox())!.y,
      'and stays where it was',
    ).toBeLessThan(844)
  })

  it('orders nothing that its user has not seen', async () => {
    const { link } = await laptopWithCart()
    const phone = await device(small)
    await phone.goto(link)
    await press(phone, 'Continue here')
    await phone.locator('#cart').waitFor()
    const tab = await phone.context().newPage()
    await tab.goto(`${server.url}/cart`)
    await press(tab, 'One more Hand grinder')
    await thing(tab, 'Hand grinder', 2)
    await press(phone, 'Order for €89.00')
    await phone.getByText('nothing was ordered').waitFor()
    await press(phone, 'Order for €178.00')
    await phone.getByRole('heading', { name: 'Thank you' }).waitFor()
  })

  it.each([
    ['phone', small],
    ['tablet', tablet],
    ['zoomed', zoomed],
  ])('says in words what went wrong, and tries again (%s)', async (size, options) => {
    const { link } = await laptopWithCart()
    const phone = await device(options)
    await phone.goto(`${server.url}/continue`)
    await phone.getByLabel('Short code').fill('AAAA AAAA')
    await press(phone, 'Show me what it opens')
    await phone.getByText('This code opens nothing').waitFor()
    await look(phone, `${size}-wrong-code`)
    await phone.goto(link.replace(/#.*/, '#nothing-like-a-secret-of-the-gateway'))
    await phone.getByText('This link opens nothing').waitFor()
    await phone.goto(link)
    await phone.getByText('This link opens a session').waitFor()
    await look(phone, `${size}-link`)
    await phone.context().setOffline(true)
    await press(phone, 'Continue here')
    await phone.getByText('seems to be offline').waitFor()
    await phone.context().setOffline(false)
    await press(phone, 'Try again')
    await thing(phone, 'Hand grinder', 1)
    await look(phone, `${size}-cart`)
    await press(phone, 'Order for €89.00')
    await phone.getByRole('heading', { name: 'Thank you' }).waitFor()
    await look(phone, `${size}-thanks`)
    const made = await fetch(`${server.url}/cart/quantity`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'itemId=&quantity=many',
    })
    expect(made.headers.get('content-type')).toContain('text/html')
    expect(made.status).toBe(400)
  })
})

describe('the laptop', () => {
  it('sees what another tab does, and notes nothing in the session by looking', async () => {
    const laptop = await device()
    await laptop.goto(server.url)
    await press(laptop, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 1)
    const other = await laptop.context().newPage()
    await other.goto(server.url)
    await thing(other, 'Head lamp', 1)
    await press(other, 'Add Head lamp')
    await thing(laptop, 'Head lamp', 2)
    await press(laptop, 'One more Head lamp')
    await thing(other, 'Head lamp', 3)
    const id = await laptop.evaluate<string>("localStorage.getItem('session')")
    const { session } = await (await laptop.request.get(`${server.url}/v1/sessions/${id}`)).json()
    expect(session.messageCount, 'two calls, and their results').toBe(4)
  })

  it.each([
    ['laptop', {}],
    ['tablet', tablet],
    ['zoomed', zoomed],
  ])(
    'sees the cart go, keeps no code, and begins another cart only when told to (%s)',
    async (size, options) => {
      const { laptop, link } = await laptopWithCart(options)
      expect(await laptop.getByRole('img', { name: 'The link, as a QR code' }).count()).toBe(1)
      await laptop.getByText('Only this computer knows that address').waitFor()
      await look(laptop, `${size}-transfer`)
      const other = await laptop.context().newPage()
      await other.goto(server.url)
      await thing(other, 'Hand grinder', 1)
      const phone = await device(small)
      await phone.goto(link)
      await press(phone, 'Continue here')
      await thing(phone, 'Hand grinder', 1)

      await laptop.getByText('Your cart is on your phone now').waitFor()
      await other.getByText('Your cart has left this device').waitFor()
      expect(await laptop.locator('#transfer').isVisible()).toBe(false)
      expect(await laptop.getByRole('button', { name: 'Add Hand grinder' }).isDisabled()).toBe(true)
      await look(laptop, `${size}-gone`)
      await laptop.reload()
      await laptop.getByText('Your cart has left this device').waitFor()
      await press(laptop, 'Begin a new cart')
      await laptop.getByText('There is nothing in your cart').waitFor()
      await press(laptop, 'Add Head lamp')
      await thing(laptop, 'Head lamp', 1)
      await phone.reload()
      expect(await phone.locator('#cart > li').count(), 'the phone has its own').toBe(1)
    },
  )

  it.each([
    ['laptop', {}, small],
    ['tablet', tablet, tablet],
    ['zoomed', zoomed, zoomed],
  ])(
    'says that it is offline, changes quantities, and takes a removal back (%s)',
    async (size, options, second) => {
      const laptop = await device(options)
      await laptop.goto(server.url)
      await press(laptop, 'Add Head lamp')
      await thing(laptop, 'Head lamp', 1)
      await press(laptop, 'One more Head lamp')
      await thing(laptop, 'Head lamp', 2)
      await laptop.context().setOffline(true)
      await press(laptop, 'Add Cup, 200 ml')
      await laptop.getByText('seems to be offline').waitFor()
      await laptop.context().setOffline(false)
      await press(laptop, 'Add Cup, 200 ml')
      await thing(laptop, 'Cup, 200 ml', 1)
      await press(laptop, 'Remove Cup, 200 ml')
      await laptop.getByText('Cup, 200 ml is out of the cart').waitFor()
      await press(laptop, 'Put it back')
      await thing(laptop, 'Cup, 200 ml', 1)
      await look(laptop, `${size}-changed`)
      // What leads to the cart does not lie on it.
      await expect.poll(() => laptop.locator('#bar').isVisible()).toBe(false)
      const other = await device(second)
      await other.goto(server.url)
      await press(other, 'Add Head lamp')
      await other.getByText('1 thing, €39.00').first().waitFor()
      await look(other, `${size}-home`)
    },
  )

  it('fills a cart and orders it without JavaScript', async () => {
    const laptop = await device({ javaScriptEnabled: false })
    await laptop.goto(server.url)
    await press(laptop, 'Add Hand grinder')
    await thing(laptop, 'Hand grinder', 1)
    await press(laptop, 'Order for €89.00')
    await laptop.getByRole('heading', { name: 'Thank you' }).waitFor()
  })
})
