import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { answered, answers, awake, button, conversations, look, openDesk } from './desk.js'

const desk = openDesk()

/** Presses Tab until what has the focus is called this. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const called: string[] = []
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? ''
    })
    if (typeof name === 'string' ? focused === name : name.test(focused)) return
    called.push(focused)
  }
  throw new Error(`Tab never came to ${String(name)}; it came to ${called.join(', ')}`)
}

describe('the page', () => {
  it('needs no mouse', async () => {
    const page = await desk.device()
    await page.goto('/')
    const { keyboard } = page
    await awake(page)
    await keyboard.type('Show me books')
    await keyboard.press('Shift+Enter')
    await keyboard.type('and lamps')
    await keyboard.press('Enter')
    expect(await answered(page, 1)).toContain('Almanac')
    await keyboard.press('Control+Shift+O')
    await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    await awake(page)
    await keyboard.type('Tell me a story')
    await keyboard.press('Enter')
    await answers(page).filter({ hasText: 'The night train' }).waitFor()
    await keyboard.press('Escape')
    await page.getByText('You stopped it here.').waitFor()

    await tabTo(page, 'More about “Tell me a story”')
    await keyboard.press('Enter')
    await button(page, 'Rename conversation').waitFor()
    await keyboard.press('Enter')
    await keyboard.type('Half a story')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Half a story' }).waitFor()

    await tabTo(page, 'More about “Half a story”')
    await keyboard.press('Enter')
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Delete this conversation?' })
    await dialog.waitFor()
    await keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await keyboard.press('Enter')
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    await dialog.waitFor()
    await tabTo(page, 'Delete')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    await expect.poll(() => conversations(page).getByRole('listitem').count()).toBe(1)

    await keyboard.press('Control+k')
    await keyboard.type('books')
    await conversations(page).getByRole('heading', { name: 'About “books”' }).waitFor()
    await keyboard.press('Enter')
    expect(await answered(page, 1)).toContain('Almanac')
    await awake(page)
    await keyboard.press('ArrowUp')
    expect(await page.getByRole('textbox', { name: 'Edit your message' }).inputValue()).toBe(
      'Show me books\nand lamps',
    )
    await keyboard.press('Escape')
    await awake(page)
    await page.locator('body').press('Tab')
    await keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await look(page, 'shortcuts')
  })

  it('leaves the keys of an input method to it', async () => {
    const page = await desk.device()
    await page.goto('/')
    await awake(page)
    const field = page.getByRole('textbox', { name: 'Message' })
    // As browsers tell of the key that takes a word, and Safari, where the word is taken before.
    const press = (key: string, ofInputMethod: object) =>
      field.evaluate((element, init) => element.dispatchEvent(new KeyboardEvent('keydown', init)), {
        key,
        bubbles: true,
        cancelable: true,
        ...ofInputMethod,
      })
    await field.fill('Tell me a story')
    await press('Enter', { isComposing: true })
    await press('Enter', { keyCode: 229 })
    expect(await field.inputValue()).toBe('Tell me a story')
    await press('Enter', { keyCode: 13 })
    await answers(page).filter({ hasText: 'The night train' }).waitFor()
    await field.fill('にほん')
    await press('Escape', { isComposing: true })
    await press('Escape', { keyCode: 229 })
    await button(page, 'Stop').waitFor()
    await press('Escape', { keyCode: 27 })
    await page.getByText('You stopped it here.').waitFor()
    expect(await field.inputValue()).toBe('にほん')
  })
})
