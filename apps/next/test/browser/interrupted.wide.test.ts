import { describe, expect, it } from 'vitest'
import { answered, answers, button, look, openDesk, questions, say } from './desk.js'

// An answer that takes longer than a slow machine takes to load a page.
const desk = openDesk({ delayMs: 80 })

describe('an answer that is being written', () => {
  it('goes on where it was when the page is loaded anew in the middle of an answer', async () => {
    const page = await desk.device()
    await page.goto('/')
    await say(page, 'Tell me a story about a lighthouse')
    await answers(page).filter({ hasText: 'The night train' }).waitFor()
    await look(page, 'writing')
    await page.reload()
    await answers(page).filter({ hasText: 'The night train' }).waitFor()
    await button(page, 'Stop').waitFor()
    const text = await answered(page, 1)
    expect(text.match(/The night train/g)).toHaveLength(1)
    expect(text.match(/The end\./g)).toHaveLength(1)
    expect(await questions(page).count()).toBe(1)
    expect(await answers(page).count()).toBe(1)
    await page.reload()
    expect((await answered(page, 1)).replaceAll(/\s+/g, ' ')).toBe(text.replaceAll(/\s+/g, ' '))
  })

  it('stops when it is told to, and keeps what was said', async () => {
    const page = await desk.device()
    await page.goto('/')
    await say(page, 'Tell me a story')
    await answers(page).filter({ hasText: 'The night train' }).waitFor()
    await button(page, 'Stop').click()
    await page.getByText('You stopped it here.').waitFor()
    const text = await answered(page, 1)
    expect(text).toContain('The night train')
    expect(text).not.toContain('The end.')
    await page.reload()
    await page.getByText('You stopped it here.').waitFor()
    await say(page, 'What did I just say?')
    expect(await answered(page, 2)).toContain('“Tell me a story”')
    await look(page, 'stopped')
  })
})
