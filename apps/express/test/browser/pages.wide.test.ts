import { describe, expect, it } from 'vitest'
import { ask, device, look, phone, press, server, useShop } from './shop.js'

useShop()

const answered = (page: Awaited<ReturnType<typeof device>>) =>
  page.getByRole('button', { name: 'Send' }).waitFor()

describe('the pages of the shop', () => {
  it('show what was said with its own lines alone, also after a reload', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
    await answered(page)
    const heights = () =>
      page.evaluate(
        "[...document.querySelectorAll('#log > li')].map((one) => one.getBoundingClientRect().height)",
      )
    const before = await heights()
    await page.reload()
    expect(await heights()).toEqual(before)
  })

  it('keep a question in sight that was not sent, with what is said of it', async () => {
    const page = await device()
    await page.goto(server.url)
    for (const text of ['Show me laptops', 'Show me tablets']) {
      await ask(page, text)
      await page.locator('#log li.assistant', { hasText: text.split(' ').at(-1)! }).waitFor()
      await answered(page)
    }
    await page.context().setOffline(true)
    await ask(page, 'Are you there?')
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    const seen = await page.evaluate(
      `document.querySelector('#log .unsent').getBoundingClientRect().bottom <= document.querySelector('#scroll').getBoundingClientRect().bottom`,
    )
    expect(seen).toBe(true)
  })

  it('say that a session has ended when a question begins another', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
    await answered(page)
    // As after a night.
    await page.context().clearCookies()
    await ask(page, 'Show me tablets')
    await page.getByText('Your session had ended').waitFor()
    await page.locator('#log li.assistant', { hasText: 'tablets' }).waitFor()
    expect(await page.locator('#log li').count()).toBe(2)
  })

  it('print the conversation and the cart, and nothing to press', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
    await answered(page)
    await page
      .getByRole('button', { name: /^Add .* to the cart$/ })
      .first()
      .click()
    await page.locator('#cart li').waitFor()
    await page.emulateMedia({ media: 'print' })
    expect(await page.getByRole('button').count()).toBe(0)
    expect(await page.getByRole('textbox').count()).toBe(0)
    // All of it, however long it is, and not what one screen shows.
    expect(await page.evaluate("getComputedStyle(document.getElementById('scroll')).overflowY")).toBe(
      'visible',
    )
    expect(await page.locator('#total').isVisible()).toBe(true)
    await page.emulateMedia({ media: null })
    await page.getByRole('button', { name: /^Order for/ }).click()
    await page.getByRole('heading', { name: 'Thank you' }).waitFor()
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('#order').isVisible()).toBe(true)
    expect(await page.getByRole('link', { name: 'Back to the shop' }).count()).toBe(0)
  })

  it('keep their dialog and the number of an order whole on a phone', async () => {
    const page = await device({ ...phone, viewport: { width: 320, height: 640 } })
    await page.goto(server.url)
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
    await answered(page)
    await press(page, 'New conversation')
    const { x, width } = (await page.getByRole('dialog').boundingBox())!
    expect([x > 8, x + width < 312]).toEqual([true, true])
    await page.keyboard.press('Escape')
    await page
      .getByRole('button', { name: /^Add .* to the cart$/ })
      .first()
      .click()
    await page.getByRole('button', { name: /^Order for/ }).click()
    await page.getByRole('heading', { name: 'Thank you' }).waitFor()
    expect(await page.evaluate("document.getElementById('order').getClientRects().length")).toBe(1)
    await look(page, 'order-small')
  })

  it('say of a picture that it cannot be sent, and stay when one is dropped', async () => {
    const page = await device()
    await page.goto(server.url)
    const bring = (event: string): Promise<boolean> =>
      page.evaluate(`{
        const data = new DataTransfer()
        data.items.add(new File(['x'], 'x.png', { type: 'image/png' }))
        document.getElementById('q').dispatchEvent(${event})
      }`)
    const more = 'bubbles: true, cancelable: true'
    await bring(`new ClipboardEvent('paste', { clipboardData: data, ${more} })`)
    await page.getByText('no pictures').waitFor()
    await ask(page, 'Show me laptops')
    await answered(page)
    expect(await bring(`new DragEvent('drop', { dataTransfer: data, ${more} })`), 'prevented').toBe(false)
    await page.getByText('no pictures').waitFor()
  })

  it('leave the focus at the cart when the button that had it is gone', async () => {
    const page = await device()
    await page.goto(server.url)
    const focused = () => page.evaluate('document.activeElement.ariaLabel ?? document.activeElement.id')
    await page
      .getByRole('button', { name: /^Add .* to the cart$/ })
      .first()
      .press('Enter')
    await page.locator('#cart li').waitFor()
    expect(await focused()).toMatch(/^Add .* to the cart$/)
    await page.getByRole('button', { name: /^Remove all/ }).press('Enter')
    await page.getByText('is out of your cart').waitFor()
    await expect.poll(focused).toBe('cart-title')
  })
})
