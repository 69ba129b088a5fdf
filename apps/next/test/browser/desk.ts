import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findChromium, layoutFaults } from '@sessions/testkit'
import axe, { type RunOptions } from 'axe-core'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Chat, startChat } from '../chat.js'

/** Where pictures of the states go, for people to look at. */
const pictures = fileURLToPath(new URL('../../.screenshots/', import.meta.url))

const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
}

/** A tablet, upright. */
export const tablet: BrowserContextOptions = { viewport: { width: 820, height: 1180 }, hasTouch: true }
/** What browsers make of a window of 1280 by 800 at 200 %: half of the pixels, each twice as large. */
export const zoomed: BrowserContextOptions = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }

export interface DeviceOptions extends BrowserContextOptions {
  readonly isPhone?: boolean
}

/** A browser in front of the running chat. */
export interface Desk {
  readonly url: string
  /** What went wrong in any page: errors of scripts and of the console, and requests to other hosts. */
  readonly faults: string[]
  /** A device of its own, with a page that has not been anywhere. */
  device(options?: DeviceOptions): Promise<Page>
  /** One more page of the same device. */
  tab(page: Page): Promise<Page>
}

export interface DeskOptions {
  /** A chat that runs already; without it the desk has its own. */
  readonly chat?: () => Chat
  /** How long the own chat's clerk takes for a word, in milliseconds (default 5). */
  readonly delayMs?: number
}

/**
 * Starts a browser for the tests of a file, and a chat unless there is one; after each of them no page may have had a
 * fault.
 */
export function openDesk({ chat: running, delayMs = 5 }: DeskOptions = {}): Desk {
  let browser: Browser
  let own: Chat | undefined
  const url = (): string => (running?.() ?? own!).url
  const contexts: BrowserContext[] = []
  const faults: string[] = []

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    const executablePath = await findChromium()
    if (running === undefined) own = await startChat({ CHAT_DELAY_MS: String(delayMs) })
    browser = await chromium.launch({ executablePath })
  })
  afterAll(async () => {
    await browser?.close()
    await own?.stop()
  })
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()))
    expect(faults.splice(0)).toEqual([])
  })

  const watched = async (context: BrowserContext): Promise<Page> => {
    const page = await context.newPage()
    page.setDefaultTimeout(240_000)
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`))
    page.on('console', (message) => {
      const where = message.location().url.replace(url(), '')
      if (message.type() === 'error') faults.push(`${page.url()}: ${message.text()} ${where}`)
    })
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url())
      if (protocol.startsWith('http') && origin !== url()) faults.push(`asked ${request.url()}`)
    })
    return page
  }
  return {
    get url() {
      return url()
    },
    faults,
    async device({ isPhone = false, ...options } = {}) {
      const context = await browser.newContext({
        baseURL: url(),
        reducedMotion: 'reduce',
        ...(isPhone ? phone : { viewport: { width: 1280, height: 800 } }),
        ...options,
      })
      contexts.push(context)
      return watched(context)
    },
    tab: (page) => watched(page.context()),
  }
}

/** Takes a picture of a state in light and in dark, and has both looked over for who cannot see them. */
export async function look(page: Page, name: string): Promise<void> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: `${pictures}${name}-${colorScheme}.png`, animations: 'disabled' })
    // As an expression of the debugger, which no content policy is asked about.
    if (colorScheme === 'light') await page.evaluate(axe.source)
    // The same page in other colours: only they have to be looked at again.
    const only = colorScheme === 'light' ? {} : { runOnly: ['color-contrast'] }
    const options: RunOptions = { resultTypes: ['violations'], preload: false, iframes: false, ...only }
    const { violations } = await page.evaluate(async (wanted) => window.axe.run(wanted), options)
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue
      found.push(...nodes.map(({ html }) => `${colorScheme} ${name}: ${id} (${impact}) ${html}`))
    }
  }
  found.push(...(await page.evaluate<string[]>(layoutFaults)).map((fault) => `${name}: ${fault}`))
  await page.emulateMedia({ colorScheme: null })
  expect(found).toEqual([])
}

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Message', exact: true })
export const button = (page: Page | Locator, name: string | RegExp): Locator =>
  page.getByRole('button', { name, exact: true })
export const answers = (page: Page): Locator => page.getByRole('listitem').filter({ hasText: /^Assistant: / })
export const questions = (page: Page): Locator => page.getByRole('listitem').filter({ hasText: /^You: / })
export const inspector = (page: Page): Locator => page.getByRole('complementary', { name: 'Inspector' })
export const conversations = (page: Page): Locator => page.getByRole('navigation', { name: 'Conversations' })

/** Waits until the scripts of a page with a composer are at work. */
export async function awake(page: Page): Promise<void> {
  await expect.poll(() => composer(page).evaluate((field) => field === document.activeElement)).toBe(true)
}

/** Says something, and does not wait for the answer. */
export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await button(page, 'Send').click()
  await questions(page).filter({ hasText: text }).first().waitFor()
}

/** Waits until this many answers are complete, and gives the text of the last. */
export async function answered(page: Page, count: number): Promise<string> {
  await button(answers(page).nth(count - 1), 'Fork from here').waitFor({ state: 'attached' })
  return answers(page)
    .nth(count - 1)
    .innerText()
}

/** A page with a conversation in which this was said and answered. */
export async function talk(page: Page, ...texts: string[]): Promise<string> {
  await page.goto('/')
  for (const [index, text] of texts.entries()) {
    await say(page, text)
    await answered(page, index + 1)
  }
  return new URL(page.url()).pathname.split('/').at(-1)!
}

/** Shows the link of a transfer, and gives it. */
export async function linkOf(page: Page, choice: RegExp): Promise<string> {
  await button(page, 'Move to another device').click()
  await page.getByRole('dialog').getByRole('button', { name: choice }).click()
  return page.getByRole('textbox', { name: 'Link' }).inputValue()
}

declare global {
  interface Window {
    axe: typeof axe
  }
}
