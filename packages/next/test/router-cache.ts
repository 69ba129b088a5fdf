import { findChromium } from '@sessions/testkit'
import { type Browser, chromium, type Page, type Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Application, stopAll } from './application.js'

let app: Application
let browser: Browser

/** Somebody at a page of one of the pairs, and what Next's router has asked for since. */
class Visit {
  readonly #page: Page
  readonly #requests: Request[] = []

  private constructor(page: Page) {
    this.#page = page
    page.on('request', (request) => {
      const headers = request.headers()
      if ('rsc' in headers || 'next-action' in headers) this.#requests.push(request)
    })
  }

  static async to(pair: 'session' | 'control', isKnown: boolean): Promise<Visit> {
    const context = await browser.newContext({ baseURL: app.url })
    if (isKnown) {
      const headers = { origin: app.url }
      expect((await context.request.post('/chat', { data: { text: 'hi' }, headers })).status()).toBe(201)
    }
    const visit = new Visit(await context.newPage())
    visit.#page.setDefaultTimeout(240_000)
    const loaded = await visit.#page.goto(`/linked/${pair}/one`)
    // Nothing would ever be shown on a page of an error.
    expect(loaded?.status()).toBe(200)
    expect(await visit.shown('one')).toMatchObject({ isKnown })
    return visit
  }

  /** What is on the page, which names the rendering that it is from. */
  async shown(place: string): Promise<unknown> {
    // Next 16 keeps pages that were left, unseen.
    const shown = this.#page.locator('#shown:visible', { hasText: `"place":"${place}"` })
    return JSON.parse((await shown.textContent())!)
  }

  async follow(place: string): Promise<unknown> {
    await this.#page.getByRole('link').click()
    return this.shown(place)
  }

  async back(place: string): Promise<unknown> {
    await this.#page.goBack()
    return this.shown(place)
  }

  async forward(place: string): Promise<unknown> {
    await this.#page.goForward()
    return this.shown(place)
  }

  async act(name: string): Promise<void> {
    await this.#page.getByRole('button', { name, exact: true }).click()
    await this.#page.locator('output:visible', { hasText: name }).waitFor()
  }

  /** What the router has asked for since the last call, and whether a cookie came with the answer. */
  async asked(): Promise<string[]> {
    const asked = await Promise.all(
      this.#requests.splice(0).map(async (request) => {
        const headers = request.headers()
        const kind = ['next-action', 'next-router-prefetch'].find((name) => name in headers) ?? 'rsc'
        const place = new URL(request.url()).pathname.split('/').at(-1)
        const isSet = (await (await request.response())?.headerValue('set-cookie')) != null
        return `${kind} ${place}${isSet ? ', sets a cookie' : ''}`
      }),
    )
    // A link may be pressed before it is prefetched.
    return asked.filter((line) => !/^next-router-prefetch \w+$/.test(line))
  }
}

/** Has Next's router go to and fro in the browser of each visitor, who has a session or has none. */
export function testRouterCache(visitors: readonly (readonly [who: string, isKnown: boolean])[]): void {
  beforeAll(async () => {
    app = await Application.run()
    browser = await chromium.launch({ executablePath: await findChromium() })
  })
  afterAll(async () => {
    await browser?.close()
    await stopAll()
  })

  describe.each(visitors)('in the browser of %s', (_, isKnown) => {
    it('going to and fro costs the same, whether pages read the session or not', async () => {
      const tour = async (pair: 'session' | 'control'): Promise<string[]> => {
        const visit = await Visit.to(pair, isKnown)
        const seen = []
        for (const place of ['two', 'one', 'two', 'one']) seen.push(await visit.follow(place))
        const [, , two, one] = seen
        // Out of the router’s cache: both are what they were.
        expect(await visit.back('two')).toEqual(two)
        expect(await visit.forward('one')).toEqual(one)
        return visit.asked()
      }
      const asked = await tour('session')
      expect(asked).toEqual(await tour('control'))
      expect(asked.length).toBeGreaterThan(0)
      expect(asked.join()).not.toContain('cookie')
    })

    it('an action that only looks leaves the router its cache, and one that hands over a session does not', async () => {
      const visit = await Visit.to('session', isKnown)
      const two = await visit.follow('two')
      const one = await visit.follow('one')
      await visit.asked()
      for (const action of ['look', 'plainLook']) {
        await visit.act(action)
        expect(await visit.back('two')).toEqual(two)
        expect(await visit.forward('one')).toEqual(one)
        expect(await visit.asked()).toEqual(['next-action one'])
      }
      await visit.act('fresh')
      expect(await visit.back('two')).not.toEqual(two)
      expect((await visit.asked())[0]).toBe('next-action one, sets a cookie')
    })
  })
}
