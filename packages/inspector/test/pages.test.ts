import { expect, it } from 'vitest'
import { look, openDesk } from './desk.js'

const desk = openDesk()

it('is read in a browser that runs no script of a page, by keyboard', async () => {
  const page = await desk.open('/inspector')
  await look(page, 'overview-short')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true)
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Sessions' }).click()
  await page.getByRole('searchbox', { name: 'Said' }).fill('battery large')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'Is the battery large?' }).click()
  expect(new URL(page.url()).hash).toBe('#m3')
  await page.getByRole('heading', { name: 'A phone for my mother' }).waitFor()
})
