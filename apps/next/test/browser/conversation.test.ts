import { describe, expect, it } from 'vitest'
import { answered, conversations, look, openDesk, say } from './desk.js'

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
