import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findChromium } from '@sessions/testkit'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { guideCommands, guideFiles } from './guide.js'
import { surroundings, tarballs } from './installed-app.js'
import { NextApp, nodeOf } from './next-app.js'

const patience = { timeout: 240_000 }
// A registry may be slow, and so may a machine where much else runs.
const hangMs = 1_800_000
const folder = mkdtempSync(join(tmpdir(), 'sessions-guide-'))
let browser: Browser
let provider: Awaited<ReturnType<typeof surroundings>>['provider']
let app: NextApp
let creator: NextApp

// What the guide says, word for word, in an empty folder.
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: await findChromium() })
  const around = await surroundings()
  provider = around.provider
  const node = await nodeOf(24)
  const [create, install] = guideCommands()
  const made = /^npx (create-next-app@latest) (my-chat) (.*) && cd my-chat$/.exec(create!)!
  creator = new NextApp(folder, node, around.settings)
  await creator.run('npx', '--yes', made[1]!, made[2]!, ...made[3]!.split(' '), '--skip-install')
  app = new NextApp(join(folder, 'my-chat'), node, around.settings)
  const packed = await tarballs()
  const packages = install!.split(' ').slice(2)
  await app.run(
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    ...packages.map((name) => packed.specs.find((spec) => spec.startsWith(`${name}@`)) ?? name),
  )
  packed.remove()
  for (const [name, code] of guideFiles()) {
    mkdirSync(dirname(join(app.folder, name)), { recursive: true })
    writeFileSync(join(app.folder, name), code)
  }
  await app.run(node, 'migrate.mjs')
  await app.build()
}, hangMs)
afterAll(async () => {
  creator?.stop()
  app?.stop()
  provider?.close()
  await browser?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const said = (page: Page) => page.locator('p[data-role]').allTextContents()
const shows = (page: Page, texts: string[]) => expect.poll(() => said(page), patience).toEqual(texts)
const ready = (page: Page) => page.locator('button:text("Send"):not([disabled])').waitFor()
const send = async (page: Page, text: string) => {
  await page.getByLabel('Message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

/** Settles once the page has asked for an answer that is being written: it is alive then. */
async function arrive(page: Page, go: () => Promise<unknown>): Promise<void> {
  await Promise.all([page.waitForResponse((response) => response.url().endsWith('/stream')), go()])
}

async function pageAt(address: string): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(patience.timeout)
  await arrive(page, () => page.goto(address))
  return page
}

it(
  'leads from create-next-app to a chat that survives reloads, other tabs and processes, and a crash',
  async () => {
    const one = await app.start()
    const two = await app.start()
    const page = await pageAt(one.url)
    await page.waitForURL('**/chat/*')
    const path = new URL(page.url()).pathname
    await send(page, 'Hello')
    const answer = /^Answer \d+\.$/
    await expect.poll(async () => (await said(page)).at(-1), patience).toMatch(answer)
    await ready(page)
    const [question, first] = await said(page)
    expect(question).toBe('Hello')
    await arrive(page, () => page.reload())
    await shows(page, ['Hello', first!])

    // In the middle of an answer: the same page again, and another tab at another process.
    await send(page, 'Count slowly')
    await shows(page, ['Hello', first!, 'Count slowly', 'One, '])
    await arrive(page, () => page.reload())
    await shows(page, ['Hello', first!, 'Count slowly', 'One, '])
    const other = await pageAt(two.url + path)
    await shows(other, ['Hello', first!, 'Count slowly', 'One, '])
    provider.letGo()
    for (const each of [page, other]) {
      await ready(each)
      await shows(each, ['Hello', first!, 'Count slowly', 'One, two.'])
    }

    // Stopped from the other tab.
    await send(page, 'Again slowly')
    const stopped = ['Hello', first!, 'Count slowly', 'One, two.', 'Again slowly', 'One, ']
    await shows(page, stopped)
    await arrive(other, () => other.reload())
    await shows(other, stopped)
    await other.getByRole('button', { name: 'Stop' }).click()
    await ready(page)
    provider.letGo()
    await arrive(page, () => page.reload())
    await shows(page, stopped)

    // Killed in the middle of an answer, and started again.
    await page.getByRole('button', { name: 'Answer again' }).click()
    await shows(page, stopped)
    await arrive(other, () => other.reload())
    await shows(other, stopped)
    await one.kill()
    provider.letGo()
    await two.kill()
    const again = await app.start()
    const later = await pageAt(again.url + path)
    await shows(later, stopped)
    await ready(later)
    const before = provider.requests.length
    await later.getByRole('button', { name: 'Answer again' }).click()
    await expect.poll(() => provider.requests.length, patience).toBe(before + 1)
    provider.letGo()
    await shows(later, [...stopped.slice(0, -1), 'One, two.'])
    await again.kill()
  },
  hangMs,
)
