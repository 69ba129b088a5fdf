import type { BrowserContextOptions } from 'playwright-core'
import { describe, it } from 'vitest'
import { look, openDesk } from './desk.js'

const desk = openDesk()
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const devices: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['phone', { ...phone, colorScheme: 'light' }],
]
const pages: readonly (readonly [string, () => string])[] = [
  ['overview', () => '/inspector'],
  ['sessions', () => '/inspector/sessions'],
  ['search', () => '/inspector/sessions?q=phones'],
  ['nothing-found', () => '/inspector/sessions?q=zebra'],
  ['insights', () => '/inspector/insights'],
  ['insights-week', () => '/inspector/insights?days=7'],
  ['messages', () => `/inspector/sessions/${desk.shop().talk}`],
  ['context', () => `/inspector/sessions/${desk.shop().talk}/context`],
  ['turns', () => `/inspector/sessions/${desk.shop().talk}/turns`],
  ['contents', () => `/inspector/sessions/${desk.shop().talk}/contents`],
  ['hostile', () => `/inspector/sessions/${desk.shop().hostile}`],
  ['hostile-contents', () => `/inspector/sessions/${desk.shop().hostile}/contents`],
]

describe.each(devices)('on %s', (device, options) => {
  it.each(pages)('%s is whole', async (name, path) => {
    const page = await desk.open(path(), options)
    for (const summary of await page.locator('summary').all()) await summary.click()
    await look(page, `${name}-${device}`)
  })
})

it('shows the events of a turn', async () => {
  const page = await desk.open(`/inspector/sessions/${desk.shop().talk}/turns`)
  await page.getByRole('link', { name: 'Message 6' }).click()
  await look(page, 'events')
})
