import { describe, expect, it } from 'vitest'
import { answered, answers, button, conversations, look, openDesk, questions, say, talk } from './desk.js'

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
})

describe('the page', () => {
  it('can be read without JavaScript: the list, a history, and what a search finds', async () => {
    const writer = await desk.device()
    await talk(writer, 'Tell me a story about a paper boat', 'Thanks!')
    await button(writer, 'New chat').click()
    await writer.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    await say(writer, 'Show me lamps')
    await answered(writer, 1)

    const reader = await desk.device({ javaScriptEnabled: false })
    await reader.context().addCookies(await writer.context().cookies())
    await reader.goto('/')
    expect(await conversations(reader).getByRole('listitem').count()).toBe(2)
    await reader.locator('.no-script').waitFor()
    await conversations(reader).getByRole('link', { name: 'Tell me a story about a paper boat' }).click()
    await reader.getByRole('heading', { name: 'Tell me a story about a paper boat' }).waitFor()
    expect(await answers(reader).count()).toBe(2)
    expect(await answers(reader).first().innerText()).toContain('paper boat')
    expect(await questions(reader).last().innerText()).toContain('Thanks!')
    await reader.getByRole('searchbox', { name: 'Search conversations' }).fill('paper boat')
    await reader.keyboard.press('Enter')
    await reader.waitForURL('**/?q=paper+boat')
    await reader
      .getByRole('main')
      .getByRole('link', { name: /paper boat/ })
      .click()
    await reader.getByRole('heading', { name: 'Tell me a story about a paper boat' }).waitFor()
  })
})
