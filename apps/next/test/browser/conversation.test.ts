import { describe, expect, it } from 'vitest'
import {
  answered,
  answers,
  button,
  composer,
  conversations,
  inspector,
  look,
  openDesk,
  questions,
  say,
  talk,
} from './desk.js'

const desk = openDesk()

describe('a conversation', () => {
  it('begins with the first message, and gets a title from it', async () => {
    const page = await desk.device()
    await page.goto('/')
    await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    await look(page, 'start')
    expect(await (await page.request.get('/api/sessions')).json(), 'who only looks leaves no trace').toEqual({
      sessions: { items: [] },
    })
    await say(page, 'Do you have something warm under 20?')
    expect(await answered(page, 1)).toContain('Night Train Tea')
    expect(page.url()).toMatch(/\/c\/[\w-]+$/)
    await page.getByRole('heading', { name: 'Do you have something warm under 20?' }).waitFor()
    await conversations(page).getByRole('link', { name: 'Do you have something warm under 20?' }).waitFor()
    await expect.poll(() => page.title()).toBe('Do you have something warm under 20? · Blotter')
    await say(page, 'What did I just say?')
    expect(await answered(page, 2)).toContain('“Do you have something warm under 20?”')
    await look(page, 'conversation')
  })

  it('says once what had to be sent twice, for the answer got lost on its way', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    let lost = 0
    await page.route('**/api/sessions/*/message*', async (route) => {
      if (lost > 0) return route.continue()
      lost++
      // The server has it, and the page does not know.
      await route.fetch()
      return route.abort()
    })
    await say(page, 'Add the Fox Cup')
    await answers(page).filter({ hasText: 'Fox Cup' }).waitFor()
    await answered(page, 2)
    expect(lost).toBe(1)
    expect(await questions(page).count()).toBe(2)
    await page.reload()
    await answered(page, 2)
    expect(await questions(page).count()).toBe(2)
    await inspector(page).getByText('1 piece').waitFor()
    expect(desk.faults.splice(0).filter((fault) => !fault.includes('net::ERR_FAILED'))).toEqual([])
  })

  it('takes second thoughts, and lets one go back to the first', async () => {
    const page = await desk.device()
    await talk(page, 'Hello', 'Show me books')
    await button(questions(page).nth(1), 'Edit message').click()
    const field = page.getByRole('textbox', { name: 'Edit your message' })
    expect(await field.inputValue()).toBe('Show me books')
    await look(page, 'editing')
    await field.fill('Show me lamps')
    await button(page, 'Send anew').click()
    await answers(page).filter({ hasText: 'Little Moon Lamp' }).waitFor()
    await answered(page, 2)
    expect(await answers(page).filter({ hasText: 'Almanac' }).count()).toBe(0)
    const versions = questions(page).nth(1).getByRole('group', { name: 'Versions' })
    await versions.getByText('2 / 2').waitFor()
    await button(versions, 'Previous version').click()
    await answers(page).filter({ hasText: 'Almanac' }).waitFor()
    await versions.getByText('1 / 2').waitFor()
    await questions(page).filter({ hasText: 'Show me books' }).waitFor()
    await look(page, 'versions')
    await page.reload()
    await answers(page).filter({ hasText: 'Almanac' }).waitFor()
    await button(versions, 'Next version').click()
    await answers(page).filter({ hasText: 'Little Moon Lamp' }).waitFor()
    await say(page, 'What did I just say?')
    expect(await answered(page, 3)).toContain('“Show me lamps”')
  })
})

describe('the list', () => {
  it('keeps what is written when the network is gone, and sends it when it is back', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    await page.context().setOffline(true)
    await page.getByText('You are offline.').waitFor()
    await composer(page).fill('Show me books')
    await button(page, 'Send').click()
    await page.getByText('Not sent.').waitFor()
    await look(page, 'not-sent')
    await page.context().setOffline(false)
    await answers(page).filter({ hasText: 'Almanac' }).waitFor()
    await answered(page, 2)
    expect(await questions(page).count()).toBe(2)
    const told = desk.faults.splice(0)
    expect(told.filter((fault) => !fault.includes('net::ERR_'))).toEqual([])
  })
})
