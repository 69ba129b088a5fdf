import { createRequire } from 'node:module'
import { join } from 'node:path'
import { findChromium, redisUrl } from '@sessions/testkit'
import type { UIMessage } from 'ai'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installedLab } from './installed-app.js'
import { LabPage } from './lab-page.js'
import type { nodeVersions } from './next-app.js'
import { roundRobin } from './round-robin.js'

/**
 * What a page with the real `useChat` shows, in Chromium, of an application that npm has installed.
 *
 * @param major The AI SDK.
 * @param packages Those of the AI SDK, with their versions.
 * @param node What builds and runs it.
 */
export function describeUseChat(
  major: number,
  packages: readonly string[],
  node: keyof typeof nodeVersions,
): void {
  describe(`useChat of AI SDK ${major} on Node ${node}`, () => {
    let lab: Awaited<ReturnType<typeof installedLab>>
    let browser: Browser
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: await findChromium() })
      lab = await installedLab(packages, node)
    }, 1_800_000)
    afterAll(async () => {
      lab?.remove()
      await browser?.close()
    })

    const environments: Record<string, () => Promise<Record<string, string>>> = {
      Postgres: async () => ({}),
      Redis: async () => ({ REDIS_URL: await redisUrl() }),
    }
    const start = async (store: string) => lab.app.start(await environments[store]!())
    const newPage = (url: string) => LabPage.open(browser, `${url}/lab/${crypto.randomUUID()}`)

    it('is of that version', () => {
      const { version } = createRequire(join(lab.app.folder, 'package.json'))(
        'ai/package.json',
      ) as UIMessage & Record<'version', string>
      expect(version.split('.')[0]).toBe(String(major))
    })

    describe.each(['Postgres', 'Redis'])('on %s', (store) => {
      it('shows after a reload, byte for byte, what it showed before', async () => {
        const app = await start(store)
        const page = await newPage(app.url)
        const url = 'data:image/png;base64,iVBORw0KGgo='
        const files = [{ type: 'file', mediaType: 'image/png', filename: 'a.png', url }]
        await page.finish('sendMessage', { text: 'What is this?', files })
        expect(lab.provider.requests.at(-1)).toContain('iVBORw0KGgo=')
        await page.expectKept()

        await page.finish('sendMessage', { text: 'Second' })
        await page.finish('regenerate')
        await page.expectKept()
        expect(await page.branches()).toBe(1)

        const [first] = await page.messages()
        await page.finish('sendMessage', { text: 'First, edited', messageId: first!.id })
        expect(await page.messages()).toHaveLength(2)
        await page.expectKept()
        expect(await page.branches()).toBe(2)
        await app.kill()
      })

      it('runs a tool that a person has approved, and none that was refused', async () => {
        const app = await start(store)
        const page = await newPage(app.url)
        const callOf = (message: UIMessage | undefined) =>
          message?.parts.find((part) => part.type === 'tool-pay') as {
            approval: { id: string }
            state: string
          }
        for (const [approved, state] of [
          [true, 'output-available'],
          [false, 'output-denied'],
        ] as const) {
          await page.finish('sendMessage', { text: 'Pay' })
          await page.expectKept()
          const { approval } = callOf((await page.messages()).at(-1))
          await page.do('addToolApprovalResponse', { id: approval.id, approved })
          // The page sends the answer by itself.
          await expect
            .poll(async () => (await page.messages()).at(-1)!.parts.at(-1), { timeout: 120_000 })
            .toMatchObject({ type: 'text', state: 'done' })
          await page.ready()
          expect(callOf((await page.messages()).at(-1))).toMatchObject({ state })
          await page.expectKept()
        }
        await app.kill()
      })

      it('goes on where it is asked next, behind a proxy, and is stopped from there', async () => {
        const processes = await Promise.all([start(store), start(store)])
        const proxy = await roundRobin(processes.map(({ url }) => url))
        const page = await newPage(proxy.url)
        await page.begin('sendMessage', { text: 'Count slowly' })
        await page.shows('One, ')
        const writes = proxy.to('POST', '/chat')
        await page.reload()
        expect(proxy.to('GET', '/stream')).not.toBe(writes)
        await page.shows('One, ')
        const tab = await LabPage.open(browser, page.page.url())
        await tab.shows('One, ')
        lab.provider.letGo()
        for (const each of [page, tab]) {
          await each.ready()
          expect(await each.texts()).toEqual(['Count slowly', 'One, two.'])
        }
        await page.expectKept()

        // A page that stops reads no more; the answer goes on until the server is told.
        await page.begin('sendMessage', { text: 'Again slowly' })
        await page.shows('One, ')
        const again = proxy.to('POST', '/chat')
        await page.do('stop')
        await page.ready()
        await tab.reload()
        await tab.shows('One, ')
        // The next request goes to the process that does not answer.
        if (proxy.to('GET', '/stream') !== again) await tab.reload()
        const stop = page.page.url().replace(/\/lab\/(.*)/, '/api/lab/chat/$1/stop')
        expect(await (await fetch(stop, { method: 'POST' })).json()).toEqual({ stopped: true })
        expect(proxy.to('POST', '/stop')).not.toBe(again)
        await tab.ready()
        lab.provider.letGo()
        for (const each of [page, tab]) {
          await each.reload()
          await each.ready()
          expect((await each.texts()).at(-1)).toBe('One, ')
        }

        // Killed in the middle of an answer.
        await page.begin('regenerate')
        await page.shows('One, ')
        const dying = proxy.to('POST', '/chat')
        // What another process can read is in the store.
        do await tab.reload()
        while (proxy.to('GET', '/stream') === dying)
        await tab.shows('One, ')
        await processes[dying]!.kill()
        // The page has lost its stream, and says so, with what it has.
        await page.page.locator('main[data-status="error"]').waitFor()
        expect((await page.texts()).at(-1)).toBe('One, ')
        await page.reload()
        await page.shows('One, ')
        // The lease of the process that died runs out.
        await page.page.locator('main:not([data-status="streaming"])').waitFor()
        lab.provider.letGo()
        await page.expectKept()
        expect((await page.texts()).at(-1)).toBe('One, ')
        await page.begin('regenerate')
        await page.shows('One, ')
        lab.provider.letGo()
        await page.shows('One, two.')
        await page.ready()
        await page.expectKept()
        await Promise.all(processes.map(({ kill }) => kill()))
        await proxy.close()
      })
    })

    it('shows one answer, if the page asks for it late', async () => {
      const app = await start('Postgres')
      const page = await newPage(app.url)
      // The question for a running answer is on its way while the user sends: it finds that very answer.
      let letThrough = (): void => {}
      const held = new Promise<void>((resolve) => (letThrough = resolve))
      await page.page.route('**/stream', async (route) => {
        await held
        await route.continue()
      })
      await page.page.reload()
      await page.page.waitForFunction(() => 'chat' in globalThis)
      await page.begin('sendMessage', { text: 'Count slowly' })
      await page.shows('One, ')
      const found = page.page.waitForResponse((response) => response.url().endsWith('/stream'))
      letThrough()
      expect((await found).status()).toBe(200)
      lab.provider.letGo()
      await page.shows('One, two.')
      await page.ready()
      expect(await page.texts()).toEqual(['Count slowly', 'One, two.'])
      await page.page.unroute('**/stream')
      await page.expectKept()
      await app.kill()
    })
  })
}
