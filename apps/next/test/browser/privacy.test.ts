import { describe, expect, it } from 'vitest'
import { composer, conversations, look, openDesk, talk } from './desk.js'

const desk = openDesk()

describe('what we keep of you', () => {
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
