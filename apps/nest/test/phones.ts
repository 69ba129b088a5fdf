import { findChromium } from '@sessions/testkit'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { startServer, type TestServer } from './server.js'

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
export async function device(options: { javaScriptEnabled?: boolean } = {}): Promise<Page> {
  const context = await browser.newContext(options)
  contexts.push(context)
  const page = await context.newPage()
  page.on('pageerror', (error) => server.errors.push(error))
  return page
}

/** A laptop with a grinder in its cart, and the link and the code that it shows. */
export async function laptopWithCart(): Promise<{ laptop: Page; link: string; code: string }> {
  const laptop = await device()
  await laptop.goto(server.url)
  await laptop.getByRole('button', { name: 'Add Hand grinder' }).click()
  await laptop.getByText('1 × Hand grinder').waitFor()
  await laptop.getByRole('button', { name: 'Continue on my phone' }).click()
  await laptop.locator('#transfer').waitFor()
  return {
    laptop,
    link: (await laptop.locator('#url').getAttribute('href'))!,
    code: (await laptop.locator('#short-code').textContent())!,
  }
}

export const press = (page: Page, name: string) => page.getByRole('button', { name }).click()
