import { setTimeout as pause } from 'node:timers/promises'
import type { Respond } from '@sessions/core'
import { describe, expect, it } from 'vitest'
import { respond } from '../../src/assistant/respond.js'
import { ask, device, look, phone, press, server, tablet, useShop, zoomed } from './shop.js'

/** The shop's own assistant; a story has no end until somebody stops it. */
const assistant: Respond = (turn) => (turn.input === 'Tell me everything' ? tell(turn) : respond(turn))

async function* tell({ signal }: { signal: AbortSignal }): AsyncGenerator<string> {
  for (let word = 1; !signal.aborted; word++) {
    yield `word${word} `
    await pause(20, undefined, { signal }).catch(() => {})
  }
}
useShop({ assistant })

describe('the shop', () => {
  it.each([
    ['phone', phone],
    ['tablet', tablet],
    ['desk', {}],
    ['zoomed', zoomed],
  ])('shows what it is, sells, and confirms (%s)', async (name, options) => {
    const page = await device(options)
    await page.goto(server.url)
    await page.getByRole('heading', { name: 'What are you looking for?' }).waitFor()
    await look(page, `${name}-first`)
    await ask(page, 'What smartphones do you have?')
    const cards = page.getByRole('list', { name: 'Products of the last answer' }).getByRole('listitem')
    await cards.first().waitFor()
    await cards.first().getByRole('button').click()
    const total = page.locator('#total strong')
    await total.waitFor()
    await look(page, `${name}-talk`)
    const one = await total.textContent()
    await page.getByRole('button', { name: /^One more / }).click()
    await expect.poll(() => total.textContent()).not.toBe(one)
    const both = (await total.textContent())!
    await page.reload()
    expect(await total.textContent()).toBe(both)
    expect(await cards.count(), 'the cards are there after a reload').toBeGreaterThan(0)

    await press(page, `Order for ${both}`)
    await page.getByRole('heading', { name: 'Thank you' }).waitFor()
    expect(await page.locator('#order').textContent()).toMatch(/^[\w-]{24}$/)
    expect(await page.locator('.total').textContent()).toContain(both)
    await look(page, `${name}-thanks`)
    await page.getByRole('link', { name: 'Back to the shop' }).click()
    await page.locator('#orders a').click()
    await page.getByRole('heading', { name: 'Thank you' }).waitFor()
  })

  it('sends what was typed, and keeps it while a thing to say is sent or a reply comes', async () => {
    const page = await device()
    await page.goto(server.url)
    const box = page.getByRole('textbox', { name: 'Your question' })
    const said = page.locator('#log li.user')
    await box.press('Enter')
    await box.fill('Show me headphones')
    await box.press('Enter')
    await page
      .getByRole('list', { name: 'Products of the last answer' })
      .getByRole('listitem')
      .first()
      .waitFor()
    expect(await box.inputValue()).toBe('')
    await box.fill('half a thought')
    await press(page, 'Something cheaper')
    await expect
      .poll(() => said.allTextContents())
      .toEqual(['You: Show me headphones', 'You: Something cheaper'])
    await page.getByRole('button', { name: 'Send' }).waitFor()
    expect(await box.inputValue()).toBe('half a thought')
    await box.fill('Tell me everything')
    await box.press('Enter')
    await page.getByRole('button', { name: 'Stop' }).waitFor()
    await box.fill('the next thought')
    await box.press('Enter')
    await page.getByText('Wait for the reply, or stop it.').waitFor()
    expect(await box.inputValue()).toBe('the next thought')
    await press(page, 'Stop')
    await page.getByRole('button', { name: 'Send' }).waitFor()
    expect(await said.count()).toBe(3)
  })

  it('takes a removal back, and asks before a conversation goes', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Show me headphones')
    await ask(page, 'Add the first one')
    await page.getByRole('button', { name: /^Remove all / }).click()
    await press(page, 'Put it back')
    await page.locator('#cart li').waitFor()
    await press(page, 'Empty')
    await page.getByText('Nothing in it yet.').waitFor()
    await press(page, 'Put everything back')
    await page.locator('#cart li').waitFor()
    await press(page, 'New conversation')
    await page.getByText('Begin a new conversation?').waitFor()
    await look(page, 'desk-anew')
    await press(page, 'Keep this one')
    expect(await page.locator('#log li').count()).toBe(4)
    await press(page, 'New conversation')
    await press(page, 'Begin anew')
    await page.getByRole('heading', { name: 'What are you looking for?' }).waitFor()
    expect(await page.locator('#cart li').count(), 'the cart stays').toBe(1)
  })

  it('keeps the question while it is offline, and says so', async () => {
    const page = await device()
    await page.goto(server.url)
    await page.context().setOffline(true)
    await ask(page, 'Show me laptops')
    await page.getByText('you seem to be offline. Your question is still here.').waitFor()
    expect(await page.getByRole('textbox', { name: 'Your question' }).inputValue()).toBe('Show me laptops')
    await look(page, 'desk-offline')
    await page.context().setOffline(false)
    await press(page, 'Send')
    await page.locator('#shown > li').first().waitFor()
    await page.context().setOffline(true)
    await page.locator('#shown button').first().click()
    await page.getByText('See whether it was done before you try again.').waitFor()
  })

  it('shows what was done when the answer got lost, and orders it once', async () => {
    const page = await device()
    await page.goto(server.url)
    const loseNext = (path: string) =>
      page.route(
        `**${path}`,
        async (route) => {
          await route.fetch({ maxRedirects: 0 })
          await route.abort()
        },
        { times: 1 },
      )
    await loseNext('/cart/add')
    await page.locator('#welcome .offer button').first().click()
    await page.locator('#cart li').waitFor()
    await page.getByText('See whether it was done').waitFor()
    await loseNext('/page/checkout')
    await page.getByRole('button', { name: /^Order for/ }).click()
    await page.getByText('Nothing in it yet.').waitFor()
    expect(await page.locator('#orders li').count()).toBe(1)
    expect(await page.locator('#side .fine').textContent()).toContain('Kept for a day')
  })

  it('says when a question that is pasted is too long for it', async () => {
    const page = await device()
    await page.goto(server.url)
    const paste = (length: number) =>
      page.evaluate(`{
        const clipboardData = new DataTransfer()
        clipboardData.setData('text', 'x'.repeat(${length}))
        document.getElementById('q').dispatchEvent(new ClipboardEvent('paste', { clipboardData }))
      }`)
    await paste(4000)
    expect(await page.locator('#notice').textContent()).toBe('')
    await paste(4001)
    await page.getByText('The end of your text was left out.').waitFor()
  })

  it('breaks neither a number nor a word of a long cart line on a small phone', async () => {
    const page = await device({ viewport: { width: 320, height: 640 } })
    await page.goto(server.url)
    await page.locator('#welcome .offer button').first().click()
    await page.locator('#cart li').waitFor()
    const itemId = await page.locator('#cart [name=itemId]').inputValue()
    const form = { itemId, quantity: '10000' }
    await page.request.post(`${server.url}/page/quantity`, { form, headers: { origin: server.url } })
    await page.reload()
    const more = page.getByRole('button', { name: /^One more/ })
    expect(await more.isDisabled(), 'a cart holds no more of it').toBe(true)
    for (const each of await page.locator('#cart .times, #cart .text, #cart .sum').all())
      expect((await each.boundingBox())!.height).toBeLessThan(50)
    await page.locator('#welcome .offer button').first().click()
    await page.getByText('A cart holds 10,000 of one thing at most.').waitFor()
    await page.getByRole('textbox', { name: 'Brands' }).fill('x'.repeat(101))
    await press(page, 'Save')
    await page.getByText('Each brand must have 100 characters at most').waitFor()
    await look(page, 'phone-ten-thousand')
  })

  it('stops a reply, and keeps it as far as it got', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Tell me everything')
    await page.getByText(/word5 /).waitFor()
    await press(page, 'Stop')
    await page.getByText('(stopped)').waitFor()
    await page.reload()
    await page.getByText('(stopped)').waitFor()
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
  })

  it('refuses a budget of abc with a sentence beside it', async () => {
    const page = await device()
    await page.goto(server.url)
    await page.getByLabel('Budget, in dollars').fill('abc')
    await press(page, 'Save')
    await page.getByText('The budget must be an amount, such as 500, or a range, such as 500-1000').waitFor()
    await look(page, 'desk-budget')
    await page.getByLabel('Budget, in dollars').fill('500-1000')
    await press(page, 'Save')
    await page.getByText('Noted.').waitFor()
    await page.reload()
    expect(await page.getByLabel('Budget, in dollars').inputValue()).toBe('500-1000')
  })

  it('shows the cart that another tab has changed', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
    const tab = await page.context().newPage()
    await tab.goto(server.url)
    await tab.locator('#shown button').first().click()
    await page.bringToFront()
    await page.locator('#cart li').waitFor()
  })

  it('goes on with what another tab has begun, and shows what is said there', async () => {
    const early = await device()
    await early.goto(server.url)
    const tab = await early.context().newPage()
    await tab.goto(server.url)
    await ask(tab, 'Show me laptops')
    await tab.locator('#shown > li').first().waitFor()
    await early.bringToFront()
    await early
      .getByRole('button', { name: /^Add .* to the cart$/ })
      .first()
      .click()
    await early.locator('#cart li').waitFor()
    await early.locator('#log li.assistant').waitFor()
    expect(await early.locator('#welcome').count()).toBe(0)
    await early.reload()
    expect(await early.locator('#log li').count()).toBe(2)
    expect(await early.locator('#cart li').count()).toBe(1)
    expect(await server.count()).toBe(1)
  })

  it('shows the reply of which it was loaded in the middle', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Tell me everything')
    await page.getByText(/word5 /).waitFor()
    await page.reload()
    await page.locator('#log li.user').waitFor()
    expect(await page.locator('#log li.assistant').count()).toBe(0)
    const id = await page.locator('#main').getAttribute('data-session')
    await page.evaluate(`fetch('/api/v1/shopping/session/${id}/stop', { method: 'POST' })`)
    await page.getByText('(stopped)').waitFor()
    expect(await page.locator('#log li').count()).toBe(2)
  })

  it('draws no line of a long conversation again, which would be read aloud again', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'Show me laptops')
    await page.locator('#shown > li').first().waitFor()
    const id = await page.locator('#main').getAttribute('data-session')
    const messages = Array.from({ length: 100 }, (_, n) => ({ role: 'user', content: `note ${n}` }))
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ messages }),
    }
    await page.evaluate(`fetch('/api/v1/shopping/session/${id}/messages', ${JSON.stringify(init)})`)
    await page.getByText('note 99').waitFor()
    await page.evaluate("for (const line of document.querySelectorAll('#log li')) line.dataset.old = 'yes'")
    await ask(page, 'Show me headphones')
    await page.locator('#log li.assistant', { hasText: 'headphones' }).waitFor()
    await page.getByRole('button', { name: 'Send' }).waitFor()
    const again = page.context().waitForEvent('requestfinished', (one) => one.url() === `${server.url}/`)
    await ask(page, 'Show me tablets')
    await again
    await page.getByRole('button', { name: 'Send' }).waitFor()
    expect(await page.locator('#log li[data-old=yes]').count()).toBe(100)
    expect(await page.locator('#log li').count()).toBe(104)
  })

  it('shows each text in the direction of its language', async () => {
    const page = await device()
    await page.goto(server.url)
    await ask(page, 'מה יש לכם?')
    await page.locator('#log li.assistant', { hasNotText: '…' }).waitFor()
    const directions = () =>
      page.evaluate(
        "[...document.querySelectorAll('#log li > [dir]')].map((one) => getComputedStyle(one).direction)",
      )
    expect(await directions()).toEqual(['rtl', 'ltr'])
    await page.reload()
    expect(await directions()).toEqual(['rtl', 'ltr'])
  })
})
