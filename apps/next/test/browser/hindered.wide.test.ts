import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import {
  answered,
  answers,
  awake,
  button,
  composer,
  conversations,
  inspector,
  linkOf,
  openDesk,
  say,
  talk,
} from './desk.js'

const desk = openDesk()

/** What browsers say of requests that cannot be sent is no fault of the page. */
function forgive(): void {
  expect(desk.faults.splice(0).filter((fault) => !fault.includes('net::ERR_'))).toEqual([])
}

/** The storage of a browser that forbids it, or whose disk is full. */
async function refuseStorage(page: Page): Promise<void> {
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('Access is denied for this document.', 'SecurityError')
        },
      })
    }
  })
}

describe('a browser without storage', () => {
  it('has its first message answered, and what could not be sent back in the field', async () => {
    const page = await desk.device()
    await refuseStorage(page)
    await page.goto('/')
    await awake(page)
    await page.context().setOffline(true)
    await composer(page).fill('Hello')
    await composer(page).press('Enter')
    await page.getByText('There is no connection right now.').waitFor()
    expect(await composer(page).inputValue()).toBe('Hello')
    await page.context().setOffline(false)
    await awake(page)
    await page.keyboard.press('Enter')
    await answered(page, 1)
    await page.context().setOffline(true)
    await say(page, 'Show me books')
    await button(page, 'Put it back').click()
    await expect.poll(() => composer(page).inputValue()).toBe('Show me books')
    await awake(page)
    await page.context().setOffline(false)
    forgive()
  })
})

describe('a network that is away for a moment', () => {
  it('leaves nothing for the reader to repair', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    await say(page, 'Show me books')
    await answers(page).nth(1).waitFor()
    // The stream of the answer is open and stays; what is asked for at its end is not answered.
    await page.context().setOffline(true)
    await page.getByText('Say “add the first one”').waitFor()
    await page.getByText('You are offline.').waitFor()
    await page.context().setOffline(false)
    await answered(page, 2)
    expect(await button(page, 'Look again').count()).toBe(0)
    forgive()
  })
})

describe('an answer that is lost, and a press that is doubled', () => {
  it('confirms the order that was placed, and forks once', async () => {
    const page = await desk.device()
    await talk(page, 'Add a fox cup')
    await page.route(
      '**/cart/checkout',
      async (route) => {
        await route.fetch()
        await route.abort()
      },
      { times: 1 },
    )
    await button(inspector(page), 'Check out').click()
    await inspector(page).getByText('Ordered, for €18.00.').waitFor()
    const first = page.url()
    await button(answers(page), 'Fork from here').dblclick()
    await page.waitForURL((url) => url.href !== first)
    await answered(page, 1)
    // Were there another, it would have been made before this.
    await page.reload()
    await awake(page)
    expect(await conversations(page).locator('a[href^="/c/"]').count()).toBe(2)
    forgive()
  })
})

describe('a device whose clock is wrong by a day', () => {
  it.each([86_400_000, -86_400_000])('shows a link as long as it works (%i ms)', async (wrongMs) => {
    const page = await desk.device()
    await page.addInitScript((ms) => {
      const now = Date.now.bind(Date)
      Date.now = () => now() + ms
    }, wrongMs)
    await talk(page, 'Hello')
    await linkOf(page, /copy/i)
    const told = await page.getByText('It works once, for').innerText()
    expect(told).toMatch(/for (?:10:00|9:\d\d)\./)
  })
})

describe('a picture that is pasted or dropped', () => {
  it('is said not to be sent, and does not take the place of the page', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    const bring = (event: string): Promise<boolean> =>
      page.evaluate(`{
        const data = new DataTransfer()
        data.items.add(new File(['x'], 'x.png', { type: 'image/png' }))
        document.querySelector('textarea').dispatchEvent(${event})
      }`)
    const more = 'bubbles: true, cancelable: true'
    await bring(`new ClipboardEvent('paste', { clipboardData: data, ${more} })`)
    await page.getByRole('alert').filter({ hasText: 'no pictures' }).waitFor()
    await say(page, 'Show me books')
    await answered(page, 2)
    expect(await page.getByText('no pictures').count()).toBe(0)
    expect(await bring(`new DragEvent('drop', { dataTransfer: data, ${more} })`), 'prevented').toBe(false)
    await page.getByText('no pictures').waitFor()
  })
})

describe('a page that the browser translates', () => {
  it('goes on, though its words are no longer where they were', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    // As browsers do it: each word moves into an element of theirs, also those that come later.
    await page.evaluate(() => {
      const translate = (): void => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
        const texts: Text[] = []
        while (walker.nextNode()) texts.push(walker.currentNode as Text)
        for (const text of texts) {
          if (text.data.trim() === '' || text.parentElement!.closest('font, script, style, textarea'))
            continue
          const word = Object.assign(document.createElement('font'), { textContent: text.data.toUpperCase() })
          text.replaceWith(word)
        }
      }
      translate()
      setInterval(translate, 50)
    })
    await composer(page).fill('Tell me a story about a lighthouse')
    await composer(page).press('Enter')
    await page.getByText('MIND THE SHELF').waitFor()
    await composer(page).press('Escape')
    await page.getByText('STOPPED IT HERE').first().waitFor()
    await composer(page).fill('Show me books')
    await composer(page).press('Enter')
    await page.getByText('ADD THE FIRST ONE').first().waitFor()
    expect(await composer(page).count()).toBe(1)
  })
})
