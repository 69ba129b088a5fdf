import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { button, composer, conversations, look, openDesk, talk } from './desk.js'

const desk = openDesk()
const consentSwitch = (page: Page, name: string) => page.getByRole('switch', { name })
const erasing = (page: Page) => page.getByRole('checkbox', { name: 'Yes, delete everything' })

describe('what we keep of you', () => {
  it('is switched and deleted by keyboard alone, and other tabs see it', async () => {
    const page = await desk.device()
    await talk(page, 'I like tea')
    const other = await desk.tab(page)
    await other.goto(page.url())
    await composer(other).waitFor()
    await page.getByRole('link', { name: 'What we keep of you' }).focus()
    await page.keyboard.press('Enter')

    const liking = consentSwitch(page, 'Remember what I like')
    await liking.focus()
    await page.keyboard.press('Space')
    await page.getByText('Noted, and deleted in one conversation.').waitFor()
    expect(await liking.getAttribute('aria-checked')).toBe('false')
    await expect.poll(() => liking.evaluate((element) => element === document.activeElement)).toBe(true)
    await look(page, 'privacy')

    const [before] = (await page.context().cookies()).filter(({ name }) => name === 'chat_guest')
    await erasing(page).focus()
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

  it('needs no JavaScript', async () => {
    const writer = await desk.device()
    await talk(writer, 'Show me lamps')
    const page = await desk.device({ javaScriptEnabled: false })
    await page.context().addCookies(await writer.context().cookies())
    await page.goto('/privacy')
    await consentSwitch(page, 'Remember what I like').click()
    await page.getByText('You denied it on').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('main').getByRole('link', { name: 'Show me lamps' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('session.md')
    await button(page, 'Delete everything').click()
    expect(new URL(page.url()).pathname, 'the box is not ticked').toBe('/privacy')
    expect(await page.getByRole('heading', { name: 'Everything is deleted' }).count()).toBe(0)
    await erasing(page).check()
    await button(page, 'Delete everything').click()
    await page.getByRole('heading', { name: 'Everything is deleted' }).waitFor()
  })
})
