import { describe, expect, it } from 'vitest'
import { adminToken } from '../chat.js'
import {
  answered,
  answers,
  awake,
  button,
  composer,
  linkOf,
  look,
  openDesk,
  questions,
  say,
  talk,
} from './desk.js'

const desk = openDesk()

const answer = `| Tea | Price |
|---|--:|
| Sencha | 12 |

- [x] brewed
- [ ] drunk

~~Cold~~ at https://tea.example and [dead](javascript:alert(1)), ~5 to ~6.

\`\`\`ts
const tea = 'green' // always
\`\`\``

describe('what is read', () => {
  it('shows a title in the direction of its language', async () => {
    const page = await desk.device()
    await talk(page, 'ספר לי סיפור, בבקשה (1)')
    const titles = [page.locator('h1 bdi'), page.locator('.row.current bdi')]
    for (const title of titles) {
      expect(await title.textContent()).toContain('סיפור')
      expect(await title.evaluate((one) => getComputedStyle(one).direction)).toBe('rtl')
    }
    await look(page, 'title-rtl')
  })

  it('is read aloud without the signs of Markdown', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    const aloud = page.locator('[aria-live=polite]').filter({ hasText: 'The assistant says: ' })
    await aloud.waitFor({ state: 'attached' })
    expect(await answers(page).first().innerText()).toContain('tell a story')
    expect(await aloud.textContent()).toContain('tell a story')
    expect(await aloud.textContent()).not.toContain('*')
  })

  it('shows tables, tasks, links that lead somewhere, and code that can be copied', async () => {
    const page = await desk.device()
    const id = await talk(page, 'Hello')
    const said = await fetch(`${desk.url}/api/sessions/${id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [
          { role: 'user', content: 'Tea?' },
          { role: 'assistant', content: answer },
        ],
      }),
    })
    expect(said.status, await said.text()).toBe(201)
    await page.reload()
    const shown = page.locator('.answer').filter({ hasText: 'Sencha' })
    await shown.getByRole('cell', { name: 'Sencha' }).waitFor()
    await shown.getByRole('img', { name: 'Done:' }).waitFor()
    expect(await shown.locator('del').allTextContents()).toEqual(['Cold'])
    expect(await shown.getByRole('link').allTextContents()).toEqual(['https://tea.example'])
    await shown.locator('.hljs-string').waitFor()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await button(shown, 'Copy code').click()
    await button(shown, 'Copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("const tea = 'green' // always")
    await look(page, 'markdown')
  })

  it('comes into view when something is said, and stays in view while the answer grows', async () => {
    const page = await desk.device()
    await talk(page, 'Tell me a story', 'Tell me a story', 'Tell me a story')
    const log = page.getByRole('region', { name: 'Messages' })
    await log.evaluate((element) => element.scrollTo({ top: -element.scrollHeight }))
    await button(page, 'To the newest message').waitFor()
    await say(page, 'Tell me a story')
    await expect.poll(() => log.evaluate(({ scrollTop }) => Math.abs(scrollTop))).toBeLessThan(2)
    await answered(page, 4)
    expect(await log.evaluate(({ scrollTop }) => Math.abs(scrollTop))).toBeLessThan(2)
    await say(page, 'Tell me a story')
    await log.evaluate((element) => element.scrollTo({ top: -element.scrollHeight }))
    await button(page, 'To the newest message').click()
    await answered(page, 5)
    expect(await log.evaluate(({ scrollTop }) => Math.abs(scrollTop))).toBeLessThan(2)
  })

  it('cuts nothing off a long message, and folds one that was sent', async () => {
    const page = await desk.device()
    await page.goto('/')
    await awake(page)
    await composer(page).fill('word '.repeat(5000))
    await page.getByText('24,999 of 20,000 characters: shorten it to send it.').waitFor()
    expect(await button(page, 'Send').isDisabled()).toBe(true)
    await look(page, 'too-long')
    await composer(page).fill('word '.repeat(3900))
    await button(page, 'Send').click()
    await button(page, 'Show all 19,499 characters').waitFor()
    await answered(page, 1)
    expect((await questions(page).first().boundingBox())!.height).toBeLessThan(400)
    await look(page, 'folded')
    await button(page, 'Show all 19,499 characters').click()
    expect((await questions(page).first().boundingBox())!.height).toBeGreaterThan(1000)
  })

  it('is copied where the page has no clipboard, and a link says when no phone can follow it', async () => {
    const page = await desk.device()
    await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
    await talk(page, 'Hello')
    await button(questions(page).first(), 'Copy').click()
    await button(questions(page).first(), 'Copied').waitFor()
    await linkOf(page, /^My other device/)
    await page.getByText('Only this computer knows the address in it').waitFor()
    await button(page, 'Copy the link').click()
    await button(page.getByRole('dialog'), 'Copied').waitFor()
    await look(page, 'link-local')
  })

  it('fits a phone on its side and 200 %, and a whole conversation on paper', async () => {
    const flat = await desk.device({ viewport: { width: 667, height: 320 } })
    await flat.goto('/')
    await awake(flat)
    const last = button(flat, /^What can you do/)
    await last.scrollIntoViewIfNeeded()
    const [suggestion, foot] = [await last.boundingBox(), await flat.locator('.composer').boundingBox()]
    expect(suggestion!.y + suggestion!.height).toBeLessThanOrEqual(foot!.y)
    await look(flat, 'landscape')
    await last.click()
    await answered(flat, 1)
    const page = await desk.device()
    await talk(page, 'Tell me a story', 'Tell me a story', 'Tell me a story')
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.scroller').evaluate((e) => e.scrollHeight - e.clientHeight)).toBeLessThan(2)
    expect(await composer(page).isVisible()).toBe(false)
  })

  it('keeps the focus after a rename and a switch of versions', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    await button(page, 'More').click()
    await button(page, 'Rename').click()
    await page.getByRole('textbox', { name: 'Title' }).fill('Greetings')
    await page.keyboard.press('Enter')
    const focused = () => page.evaluate(() => document.activeElement?.ariaLabel)
    await expect.poll(focused).toBe('More')
    await button(answers(page).first(), 'Answer again').click()
    await questions(page).first().getByText('2 / 2').waitFor()
    await answered(page, 1)
    await button(page, 'Previous version').focus()
    await page.keyboard.press('Enter')
    await questions(page).first().getByText('1 / 2').waitFor()
    await expect.poll(focused).toBe('Next version')
  })

  it('waits in sight for its scripts, and keeps what was typed before they came', async () => {
    const page = await desk.device()
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => (letGo = resolve))
    await page.route('**/*.js', async (route) => {
      await held
      await route.continue()
    })
    await page.goto('/', { waitUntil: 'commit' })
    await composer(page).pressSequentially('Hello there')
    expect(await button(page, /^What can you do/).isDisabled()).toBe(true)
    letGo()
    await expect.poll(() => button(page, 'Send').isEnabled()).toBe(true)
    await button(page, 'Send').click()
    await answered(page, 1)
    expect(await questions(page).first().innerText()).toContain('Hello there')
  })
})
