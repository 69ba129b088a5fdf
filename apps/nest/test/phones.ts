import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findChromium, layoutFaults } from '@sessions/testkit'
import axe, { type AxeResults } from 'axe-core'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { startServer, type TestServer } from './server.js'

/** Where pictures of the states go, for people to look at. */
const pictures = fileURLToPath(new URL('../.screenshots/', import.meta.url))

/** A phone, for `device`. */
export const small: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
}

/** A tablet, upright. */
export const tablet: BrowserContextOptions = { viewport: { width: 820, height: 1180 }, hasTouch: true }
/** What browsers make of a window of 1280 by 800 at 200 %: half of the pixels, each twice as large. */
export const zoomed: BrowserContextOptions = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }

let browser: Browser
export let server: TestServer
let contexts: BrowserContext[] = []

/** Starts a browser for the tests of a file, and a gateway for each of them. */
export function usePhones(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findChromium() })
  })
  afterAll(() => browser?.close())

  beforeEach(async () => {
    server = await startServer()
  })
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()))
    await server.close()
  })
}

/** A device: cookies of its own, shared with no other. */
export async function device(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  contexts.push(context)
  const page = await context.newPage()
  page.on('pageerror', (error) => server.errors.push(error))
  return page
}

/** A laptop with a grinder in its cart, and the link and the code that it shows. */
export async function laptopWithCart(
  options: BrowserContextOptions = {},
): Promise<{ laptop: Page; link: string; code: string }> {
  const laptop = await device(options)
  await laptop.goto(server.url)
  await laptop.getByRole('button', { name: 'Add Hand grinder' }).click()
  await thing(laptop, 'Hand grinder', 1)
  await laptop.getByRole('button', { name: 'Continue on my phone' }).click()
  await laptop.locator('#transfer').waitFor()
  return {
    laptop,
    link: (await laptop.locator('#url').getAttribute('href'))!,
    code: (await laptop.locator('#short-code').textContent())!,
  }
}

export const press = (page: Page, name: string) => page.getByRole('button', { name }).click()

/** Waits until a page shows a cart with this many of a product. */
export async function thing(page: Page, name: string, quantity: number): Promise<void> {
  const line = page.locator('#cart > li').filter({ hasText: name })
  await line
    .locator('.times')
    .filter({ hasText: new RegExp(`^${quantity}$`) })
    .waitFor()
}

/** Takes a picture of a state in light and in dark, and has both looked over for who cannot see them. */
export async function look(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  const found: string[] = []
  await page.evaluate(axe.source)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: `${pictures}${name}-${colorScheme}.png`, animations: 'disabled' })
    const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })")
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue
      found.push(...nodes.map(({ html }) => `${colorScheme} ${name}: ${id} (${impact}) ${html}`))
    }
  }
  found.push(...(await page.evaluate<string[]>(layoutFaults)).map((fault) => `${name}: ${fault}`))
  await page.emulateMedia({ colorScheme: null })
  expect(found).toEqual([])
}
