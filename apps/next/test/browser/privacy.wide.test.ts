import { describe, expect, it } from 'vitest'
import { button, composer, conversations, type DeviceOptions, look, openDesk, talk } from './desk.js'

const desk = openDesk()

/** All of it at once: a picture and a check see what is on the screen alone. */
const tall = { width: 1280, height: 2200 }

describe('what we keep of you', () => {
  it.each<[string, DeviceOptions]>([
    ['on a desk', { viewport: tall }],
    ['on a phone', { isPhone: true, viewport: { width: 390, height: 2600 } }],
    ['without JavaScript', { viewport: tall, javaScriptEnabled: false }],
  ])('%s', async (name, options) => {
    const writer = await desk.device()
    await talk(writer, 'I like tea')
    const page = await desk.device(options)
    await page.context().addCookies(await writer.context().cookies())
    const see = async (state: string): Promise<void> => {
      // Neither the scripts of axe nor their results need those of the page.
      if (options.javaScriptEnabled !== false)
        await look(page, `privacy-${name}-${state}`.replaceAll(' ', '-'))
      const overflow = page.locator('.kept-page, .plain-page')
      expect(await overflow.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0)
    }
    await page.goto('/privacy')
    await see('first')
    for (const [purpose, said] of [
      ['Remember what I like', /^Noted, and deleted in one conversation\.$/],
      ['Remember what I like', /^Noted\.$/],
    ] as const) {
      await page.getByRole('switch', { name: purpose }).click()
      await page.getByText(said).waitFor()
    }
    await see('decided')
    await page.getByRole('checkbox', { name: 'Yes, delete my conversations' }).check()
    await page.getByRole('switch', { name: 'Keep my conversations' }).click()
    await page.getByText('There is no conversation.').waitFor()
    await see('nothing-kept')
    await page.goto('/')
    await page.getByRole('heading', { name: 'Nothing is kept of you' }).waitFor()
    await see('start')
    await page.getByRole('link', { name: 'Change what you allow' }).click()
    await page.getByRole('switch', { name: 'Keep my conversations' }).click()
    await page.getByText('You allowed it on').first().waitFor()
    await page.getByRole('checkbox', { name: 'Yes, delete everything' }).check()
    await page.getByRole('button', { name: 'Delete everything' }).click()
    await page.getByRole('heading', { name: 'Everything is deleted' }).waitFor()
    await see('deleted')
  })

  it('says so when the store cannot take a decision', async () => {
    const page = await desk.device({ viewport: tall })
    await page.goto('/privacy?problem=unavailable')
    await page.getByText('Nothing was changed.').waitFor()
    await look(page, 'privacy-problem')
  })

  it('is sent, and downloaded, without JavaScript', async () => {
    const writer = await desk.device()
    await talk(writer, 'Show me lamps')
    const page = await desk.device({ javaScriptEnabled: false })
    await page.context().addCookies(await writer.context().cookies())
    await page.goto('/privacy')
    await page.getByRole('switch', { name: 'Remember what I like' }).click()
    await page.getByText('You denied it on').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('main').getByRole('link', { name: 'Show me lamps' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('session.md')
    await button(page, 'Delete everything').click()
    expect(new URL(page.url()).pathname, 'the box is not ticked').toBe('/privacy')
    expect(await page.getByRole('heading', { name: 'Everything is deleted' }).count()).toBe(0)
    await page.getByRole('checkbox', { name: 'Yes, delete everything' }).check()
    await button(page, 'Delete everything').click()
    await page.getByRole('heading', { name: 'Everything is deleted' }).waitFor()
  })

  it('is switched and deleted by keyboard alone, and other tabs see it', async () => {
    const page = await desk.device()
    await talk(page, 'I like tea')
    const other = await desk.tab(page)
    await other.goto(page.url())
    await composer(other).waitFor()
    await page.getByRole('link', { name: 'What we keep of you' }).focus()
    await page.keyboard.press('Enter')

    const liking = page.getByRole('switch', { name: 'Remember what I like' })
    await liking.focus()
    await page.keyboard.press('Space')
    await page.getByText('Noted, and deleted in one conversation.').waitFor()
    expect(await liking.getAttribute('aria-checked')).toBe('false')
    await expect.poll(() => liking.evaluate((element) => element === document.activeElement)).toBe(true)
    await look(page, 'privacy')

    const [before] = (await page.context().cookies()).filter(({ name }) => name === 'chat_guest')
    await page.getByRole('checkbox', { name: 'Yes, delete everything' }).focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Everything is deleted' }).waitFor()
    await page.getByText('1 conversation', { exact: true }).waitFor()
    expect(await conversations(page).getByRole('listitem').count()).toBe(0)
    await look(page, 'privacy-deleted')
    const [after] = (await page.context().cookies()).filter(({ name }) => name === 'chat_guest')
    expect(after!.value).not.toBe(before!.value)

    await other.bringToFront()
    await other.getByRole('heading', { name: 'This conversation is gone' }).waitFor()
    await expect.poll(() => conversations(other).getByRole('listitem').count()).toBe(0)
    expect(desk.faults.splice(0).filter((fault) => !/404|410/.test(fault))).toEqual([])
  })
})
