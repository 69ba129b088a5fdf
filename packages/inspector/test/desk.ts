import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findChromium } from '@sessions/testkit'
import axe, { type RunOptions } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest'
import { now, openShop, serve, type Shop } from './shop.js'

/** Where pictures of the pages go, for people to look at. */
const pictures = fileURLToPath(new URL('../.screenshots/', import.meta.url))
const rules: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
}

/** A browser in front of an inspector; after each test no page may have had a fault. */
export function openDesk() {
  let browser: Browser
  let shop: Shop
  let served: Awaited<ReturnType<typeof serve>>
  const faults: string[] = []
  const pages: Page[] = []

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    vi.useFakeTimers({ toFake: ['Date'], now })
    shop = await openShop({ identify: () => ({ tenantId: 'acme', userId: 'boss', roles: ['admin'] }) })
    served = await serve(shop.inspector)
    browser = await chromium.launch({ executablePath: await findChromium() })
  })
  afterAll(async () => {
    await browser.close()
    served.stop()
    vi.useRealTimers()
  })
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()))
    expect(faults.splice(0)).toEqual([])
  })

  return {
    shop: () => shop,
    async open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ baseURL: served.url, ...options })
      const page = await context.newPage()
      pages.push(page)
      page.on('pageerror', (error) => faults.push(`${path}: ${error.message}`))
      page.on('dialog', (dialog) => faults.push(`${path}: a dialog says ${dialog.message()}`))
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`${path}: ${message.text()}`)
      })
      page.on('request', (request) => {
        if (!request.url().startsWith(served.url)) faults.push(`${path}: asks ${request.url()}`)
      })
      await page.goto(path)
      return page
    },
  }
}

/** Takes a picture, and has the page checked: by axe, and for what stands out of it. */
export async function look(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${pictures}${name}.png`, fullPage: true })
  const overflow = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  expect(overflow, `${name} is wider than its window`).toBe(0)
  // The policy of the page allows no script: axe comes as the browser's own.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(rules)})`)
  expect(
    violations.map(({ id, nodes }) => `${name} ${id}: ${nodes.map(({ html }) => html).join(' ')}`),
  ).toEqual([])
}
