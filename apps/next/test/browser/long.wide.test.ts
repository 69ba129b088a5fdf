import { describe, expect, it } from 'vitest'
import { adminToken } from '../chat.js'
import { answered, answers, openDesk, say, talk } from './desk.js'

const desk = openDesk({ delayMs: 25 })

interface Seen {
  drawn: number
  longMs: number
}

describe('a conversation with 250 answers', () => {
  it('draws none of them again while a new one is written', async () => {
    const page = await desk.device()
    // Each drawing of an entry formats its time.
    await page.addInitScript(() => {
      const seen: Seen = Object.assign(window, { drawn: 0, longMs: 0 })
      const { prototype } = Intl.DateTimeFormat
      const format = Object.getOwnPropertyDescriptor(prototype, 'format')!
      Object.defineProperty(prototype, 'format', {
        ...format,
        get(this: Intl.DateTimeFormat) {
          seen.drawn++
          return format.get!.call(this) as unknown
        },
      })
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.longMs += duration
      }).observe({ type: 'longtask' })
    })
    const seen = () =>
      page.evaluate(() => {
        const { drawn, longMs } = window as object as Seen
        return { drawn, longMs }
      })
    const id = await talk(page, 'Hello')
    const exchanges = Array.from({ length: 249 }, (_, index) => [
      { role: 'user', content: `Question ${index}` },
      {
        role: 'assistant',
        content: `**Answer ${index}** with \`code\`, a [link](https://example.com) and a list:\n\n- one\n- two`,
      },
    ])
    for (let from = 0; from < exchanges.length; from += 50) {
      const appended = await page.request.post(`/api/sessions/${id}/messages`, {
        headers: { authorization: `Bearer ${adminToken}` },
        data: { messages: exchanges.slice(from, from + 50).flat() },
      })
      expect(appended.status()).toBeLessThan(300)
    }
    await page.reload()
    while ((await answers(page).count()) < 250) {
      const before = await answers(page).count()
      await page.getByRole('link', { name: 'Earlier messages' }).click()
      await expect.poll(() => answers(page).count(), { timeout: 60_000 }).toBeGreaterThan(before)
    }
    await say(page, 'Tell me a story about a lighthouse')
    await page.getByText('Writing …').waitFor()
    const length = async () => (await answers(page).last().innerText()).length
    const [before, first] = [await seen(), await length()]
    await expect.poll(length, { timeout: 60_000 }).toBeGreaterThan(first + 300)
    const after = await seen()
    console.log(`long tasks while 300 characters came: ${Math.round(after.longMs - before.longMs)} ms`)
    expect(before.drawn).toBeGreaterThan(500)
    expect(after.drawn - before.drawn).toBeLessThan(20)
    await answered(page, 251)
  })
})
