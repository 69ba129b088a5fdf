// Takes the two pictures of the chat that the README shows.
//   node apps/next/scripts/screenshots.mjs
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { startApp } from '../../../scripts/serve-app.mjs'
import { build, install, root } from '../../../scripts/setup.mjs'

const folder = join(root, 'docs', 'images')
const maxBytes = 150_000

await install()
await build('@sessions/app-next')
const { findChromium } = await import(pathToFileURL(join(root, 'packages/testkit/dist/index.js')).href)
const app = await startApp('next', { args: ['--store', 'memory'], env: { CHAT_DELAY_MS: '0' } })
const browser = await chromium.launch({ executablePath: await findChromium() })
try {
  mkdirSync(folder, { recursive: true })
  await desk()
  await phone()
} finally {
  await browser.close()
  await app.stop()
}

async function desk() {
  const page = await open({ viewport: { width: 1200, height: 760 }, colorScheme: 'light' })
  for (const text of [
    'Tell me a story about a lighthouse',
    'What goes well with a rainy Sunday?',
    'A gift for somebody who likes stars',
  ]) {
    await page.goto(app.url)
    await say(page, text)
  }
  await page.goto(app.url)
  await say(page, 'I like tea and maps, and my budget is 40.')
  await say(page, 'Something warm under 15')
  await say(page, 'Add two of the first one')
  await page.getByRole('tabpanel').getByText('2 pieces').waitFor()
  await take(page, 'chat-light.png')
}

async function phone() {
  const viewport = { width: 390, height: 800 }
  const page = await open({
    viewport,
    deviceScaleFactor: 1.5,
    isMobile: true,
    hasTouch: true,
    colorScheme: 'dark',
  })
  await page.goto(app.url)
  await say(page, 'A gift under 20 for somebody who is always on a train')
  await say(page, 'What did I just say?')
  await take(page, 'chat-phone-dark.png')
}

async function open(options) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  return context.newPage()
}

/** Says something, and waits for the whole answer. */
async function say(page, text) {
  const forks = page.getByRole('button', { name: 'Fork from here' })
  const before = await forks.count()
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await forks.nth(before).waitFor({ state: 'attached' })
}

async function take(page, name) {
  const path = join(folder, name)
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  const { size } = statSync(path)
  if (size > maxBytes) throw new Error(`${name} takes ${size} bytes; a README has room for ${maxBytes}`)
  console.log(`docs/images/${name}: ${size} bytes`)
}
