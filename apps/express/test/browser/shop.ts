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
import type { AppOptions } from '../../src/app.js'
import { startServer, type TestServer } from '../server.js'

/** Where pictures of the states go, for people to look at. */
const pictures = fileURLToPath(new URL('../../.screenshots/', import.meta.url))

export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
}

/** A tablet, upright. */
export const tablet: BrowserContextOptions = { viewport: { width: 820, height: 1180 }, hasTouch: true }
/** What browsers make of a window of 1280 by 800 at 200 %: half of the pixels, each twice as large. */
export const zoomed: BrowserContextOptions = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }

export let server: TestServer
let browser: Browser
let faults: string[] = []
const contexts: BrowserContext[] = []

/** Starts a browser for the tests of a file, and a shop for each of them; no page may have had a fault. */
export function useShop(options: Partial<AppOptions> = {}): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findChromium() })
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    server = await startServer(options)
  })
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()))
    await server.close()
    expect(faults.splice(0)).toEqual([])
  })
}

/** A page of a device of its own. */
export async function device(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  contexts.push(context)
  const page = await context.newPage()
  page.on('pageerror', (error) => faults.push(error.message))
  return page
}

export const press = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: true }).click()

export async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Your question' }).fill(question)
  await press(page, 'Send')
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
