import { execFile } from 'node:child_process'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { migrate } from '@sessions/store-postgres'
import { databaseUrl, findChromium, freePort, redisUrl, waitUntil } from '@sessions/testkit'
import type { UIMessage, UIMessagePart } from 'ai'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, guideFiles } from './guide.js'
import { Provider } from './provider.js'

const bin = join(createRequire(join(folder, 'package.json')).resolve('next/package.json'), '../dist/bin/next')
const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, ...inherited } = process.env
const environment = { ...inherited, NEXT_TELEMETRY_DISABLED: '1', OPENAI_API_KEY: 'a-key' }

let provider: Provider
let browser: Browser
let database: string
const running: ChildProcess[] = []

beforeAll(async () => {
  provider = await Provider.listen()
  browser = await chromium.launch({ executablePath: await findChromium() })
  database = await databaseUrl()
  await migrate(database)
  for (const [name, code] of guideFiles()) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), code)
  }
  const root = resolve(folder, '../../..')
  const run = promisify(execFile)
  await run(
    process.execPath,
    ['scripts/turbo.mjs', 'run', 'build', '--filter=@sessions/ai-sdk-next-16^...'],
    { cwd: root },
  )
  await run(process.execPath, [bin, 'build'], {
    cwd: folder,
    env: { ...environment, ...settings() },
    maxBuffer: 1e8,
  })
}, 600_000)

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await browser?.close()
  provider?.close()
})

function settings(): Record<string, string> {
  return {
    DATABASE_URL: database,
    SESSION_SECRET: 'a secret of at least 32 characters',
    OPENAI_BASE_URL: provider.url,
  }
}

/** A process of `next start`. */
async function serve(more: Record<string, string> = {}) {
  const port = await freePort()
  const env = { ...environment, REDIS_URL: '', ...settings(), ...more }
  const child = spawn(process.execPath, [bin, 'start', '-H', '127.0.0.1', '-p', String(port)], {
    cwd: folder,
    env,
  })
  running.push(child)
  const url = `http://127.0.0.1:${port}`
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const isUp = () =>
    fetch(`${url}/api/chat/none`).then(
      ({ status }) => status === 404,
      () => false,
    )
  await waitUntil(isUp, { what: 'next start', detail: () => output.slice(-2000) })
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function pageAt(address: string): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  await page.goto(address)
  return page
}

describe('the guide', () => {
  const said = (page: Page) => page.locator('p[data-role]').allTextContents()
  const send = async (page: Page, text: string) => {
    await page.getByLabel('Message').fill(text)
    await page.getByRole('button', { name: 'Send' }).click()
  }
  const ready = (page: Page) => page.locator('button:text("Send"):not([disabled])').waitFor()

  it('leads to a chat that survives reloads, other tabs and processes, and a crash', async () => {
    const one = await serve()
    const two = await serve()
    const page = await pageAt(one.url)
    await page.waitForURL('**/chat/*')
    const path = new URL(page.url()).pathname
    await send(page, 'Hello')
    await ready(page)
    const [question, answer] = await said(page)
    expect(question).toBe('Hello')
    expect(answer).toMatch(/^Answer \d+\.$/)
    await page.reload()
    expect(await said(page)).toEqual(['Hello', answer])

    // In the middle of an answer: the same page again, and another tab at another process.
    await send(page, 'Count slowly')
    await expect.poll(() => said(page)).toContain('One, ')
    await page.reload()
    await expect.poll(() => said(page)).toContain('One, ')
    const other = await pageAt(two.url + path)
    await expect.poll(() => said(other)).toContain('One, ')
    provider.letGo()
    for (const each of [page, other]) {
      await ready(each)
      await expect.poll(() => said(each)).toEqual(['Hello', answer, 'Count slowly', 'One, two.'])
    }

    // Stopped from the other tab.
    await send(page, 'Again slowly')
    await expect.poll(() => said(page)).toContain('One, ')
    await other.reload()
    await other.getByRole('button', { name: 'Stop' }).click()
    await ready(page)
    expect((await said(page)).at(-1)).toBe('One, ')
    provider.letGo()
    await page.reload()
    expect((await said(page)).at(-1)).toBe('One, ')

    // Killed in the middle of an answer.
    await page.getByRole('button', { name: 'Answer again' }).click()
    await expect.poll(async () => (await said(page)).length).toBe(6)
    await other.reload()
    await expect.poll(async () => (await said(other)).at(-1)).toBe('One, ')
    await one.kill()
    await ready(other)
    provider.letGo()
    await other.reload()
    expect((await said(other)).at(-1)).toBe('One, ')
    const before = provider.requests.length
    await other.getByRole('button', { name: 'Answer again' }).click()
    await expect.poll(() => provider.requests.length).toBe(before + 1)
    provider.letGo()
    await ready(other)
    expect((await said(other)).at(-1)).toBe('One, two.')
    await two.kill()
  })
})

type Lab = {
  chat: {
    messages: UIMessage[]
    sendMessage: (message: object) => Promise<void>
    regenerate: () => Promise<void>
    addToolApprovalResponse: (answer: object) => Promise<void>
  }
}

describe.each(['Postgres', 'Redis'])('useChat in a browser, on %s', (store) => {
  const shown = (page: Page) => page.locator('main').textContent()
  const read = async (page: Page) => JSON.parse((await shown(page))!) as UIMessage[]
  const ready = async (page: Page) => {
    await page.locator('main[data-status="ready"]').waitFor()
    // The server says so, too, before the script of the page has begun.
    await expect.poll(() => page.evaluate(() => 'chat' in globalThis), { timeout: 120_000 }).toBe(true)
  }
  const call = async (page: Page, name: 'sendMessage' | 'addToolApprovalResponse', argument: object) => {
    await ready(page)
    await page.evaluate(([name, argument]) => (globalThis as unknown as Lab).chat[name](argument), [
      name,
      argument,
    ] as const)
    await ready(page)
  }

  it('shows after a reload, byte for byte, what it showed before', async () => {
    const app = await serve(store === 'Redis' ? { REDIS_URL: await redisUrl() } : {})
    const page = await pageAt(`${app.url}/lab/${crypto.randomUUID()}`)
    const expectKept = async () => {
      const before = await shown(page)
      await page.reload()
      await ready(page)
      expect(await read(page)).toEqual(JSON.parse(before!))
    }
    const url = 'data:image/png;base64,iVBORw0KGgo='
    await call(page, 'sendMessage', {
      text: 'What is this?',
      files: [{ type: 'file', mediaType: 'image/png', filename: 'a.png', url }],
    })
    expect(provider.requests.at(-1)).toContain('iVBORw0KGgo=')
    await expectKept()

    await call(page, 'sendMessage', { text: 'Second' })
    await page.evaluate(() => (globalThis as unknown as Lab).chat.regenerate())
    await ready(page)
    await expectKept()
    expect(await page.locator('main').getAttribute('data-branches')).toBe('1')

    const [first] = await read(page)
    await call(page, 'sendMessage', { text: 'First, edited', messageId: first!.id })
    expect(await read(page)).toHaveLength(2)
    await expectKept()
    expect(await page.locator('main').getAttribute('data-branches')).toBe('2')

    await call(page, 'sendMessage', { text: 'Pay' })
    await expectKept()
    const asked = (await read(page)).at(-1)!.parts.find((part) => part.type === 'tool-pay') as UIMessagePart<
      never,
      never
    > & { approval: { id: string } }
    await call(page, 'addToolApprovalResponse', { id: asked.approval.id, approved: true })
    await expect
      .poll(async () => (await read(page)).at(-1)!.parts.at(-1))
      .toMatchObject({ type: 'text', state: 'done' })
    await ready(page)
    expect((await read(page)).at(-1)!.parts).toContainEqual(expect.objectContaining({ output: 'paid' }))
    await expectKept()
    await app.kill()
  })
})
