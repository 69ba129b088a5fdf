import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { answered, awake, openDesk, say, talk } from './desk.js'

const desk = openDesk()

/** How many bytes of script came over the wire, and whether they were compressed. */
async function scriptsOf(
  page: Page,
  go: () => Promise<unknown>,
): Promise<{ bytes: number; plain: string[] }> {
  const sizes: Promise<number>[] = []
  const plain: string[] = []
  page.on('requestfinished', (request) => {
    if (request.resourceType() !== 'script') return
    sizes.push(
      (async () => {
        const response = await request.response()
        const encoding = await response!.headerValue('content-encoding')
        const { responseBodySize } = await request.sizes()
        // What is smaller than a packet is not worth compressing.
        if (encoding === null && responseBodySize > 1400) plain.push(request.url())
        return responseBodySize
      })(),
    )
  })
  await go()
  const all = await Promise.all(sizes)
  return { bytes: all.reduce((sum, size) => sum + size, 0), plain }
}

/** How much of the page has jumped about since it was opened, as browsers count it. */
async function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & {
            value: number
            hadRecentInput: boolean
          })[]) {
            if (!entry.hadRecentInput) sum += entry.value
          }
        })
        observer.observe({ type: 'layout-shift', buffered: true })
        // What is buffered is handed over before the second frame.
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)))
      }),
  )
}

describe('the page', () => {
  it('loads less than 250 kB of script, compressed', async () => {
    const visitor = await desk.device()
    const start = await scriptsOf(visitor, async () => {
      await visitor.goto('/')
      await awake(visitor)
    })
    const id = await talk(visitor, 'Show me books')
    const cookies = await visitor.context().cookies()
    const again = await desk.device()
    await again.context().addCookies(cookies)
    const conversation = await scriptsOf(again, async () => {
      await again.goto(`/c/${id}`)
      await awake(again)
    })
    const phone = await desk.device({ isPhone: true })
    const link = await scriptsOf(phone, async () => {
      await phone.goto('/continue')
      await phone.getByRole('heading', { name: 'Continue here' }).waitFor()
    })
    console.log(
      `scripts: start ${start.bytes}, conversation ${conversation.bytes}, continue ${link.bytes} bytes`,
    )
    for (const { bytes, plain } of [start, conversation, link]) {
      expect(plain).toEqual([])
      expect(bytes).toBeGreaterThan(10_000)
      expect(bytes).toBeLessThan(250 * 1024)
    }
  })

  it('stands still while it loads and while an answer comes', async () => {
    const page = await desk.device()
    await page.goto('/')
    await awake(page)
    const shifts = { start: await layoutShift(page), answer: 0, reload: 0, phone: 0 }
    await say(page, 'Tell me a story')
    await answered(page, 1)
    await say(page, 'Show me books')
    await answered(page, 2)
    shifts.answer = await layoutShift(page)
    await page.reload()
    await awake(page)
    shifts.reload = await layoutShift(page)
    const phone = await desk.device({ isPhone: true })
    await talk(phone, 'Tell me a story')
    shifts.phone = await layoutShift(phone)
    console.log(`layout shift: ${JSON.stringify(shifts)}`)
    for (const shift of Object.values(shifts)) expect(shift).toBeLessThan(0.1)
  })

  it('is as light or dark as one wants, from the first paint on', async () => {
    const page = await desk.device({ colorScheme: 'light' })
    await page.goto('/')
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await paper()
    await page.getByRole('radio', { name: 'Dark' }).check()
    const dark = await paper()
    expect(dark).not.toBe(light)
    await page.reload({ waitUntil: 'commit' })
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    await page.waitForLoadState('domcontentloaded')
    expect(await paper()).toBe(dark)
    await page.getByRole('radio', { name: 'As the system' }).check()
    expect(await paper()).toBe(light)
  })
})
