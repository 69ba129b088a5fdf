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

  it('answers again in other words', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    const first = await answered(page, 1)
    await button(answers(page).first(), 'Answer again').click()
    await questions(page).first().getByText('2 / 2').waitFor()
    await expect.poll(() => answered(page, 1)).not.toBe(first)
    await button(questions(page).first(), 'Previous version').click()
    await expect.poll(() => answered(page, 1)).toBe(first)
  })

  it('forks, and both go their own ways', async () => {
    const page = await desk.device()
    const id = await talk(page, 'My name is Ada', 'Show me books')
    await button(answers(page).first(), 'Fork from here').click()
    await page.waitForURL((url) => !url.pathname.endsWith(id))
    await expect.poll(() => questions(page).count()).toBe(1)
    await say(page, 'What do you know about me?')
    expect(await answered(page, 2)).toContain('Ada')
    await page.goto(`/c/${id}`)
    expect(await answered(page, 2)).toContain('Almanac')
    expect(
      await conversations(page)
        .getByRole('link', { name: /My name is Ada/ })
        .count(),
    ).toBe(2)
  })

  it('begins anew with the same cart when it is cleared', async () => {
    const page = await desk.device()
    await talk(page, 'Add the Fox Cup')
    await button(page, 'More').click()
    await button(page, 'Clear conversation').click()
    await look(page, 'clearing')
    await button(page.getByRole('dialog'), 'Clear').click()
    await page.getByText('A clean sheet.').waitFor()
    expect(await questions(page).count()).toBe(0)
    await inspector(page).getByText('Fox Cup').first().waitFor()
    await look(page, 'cleared')
    await say(page, 'What did I ask first?')
    expect(await answered(page, 1)).toContain('first thing')
  })
})

describe('the list', () => {
  it('renames, and finds again', async () => {
    const page = await desk.device()
    await talk(page, 'Tell me of cats and their paperwork')
    await button(conversations(page), /^More about/).click()
    await look(page, 'row-menu')
    await button(page, 'Rename conversation').click()
    const title = page.getByRole('textbox', { name: 'Title' })
    await title.fill('Feline bureaucracy')
    await title.press('Enter')
    await page.getByRole('heading', { name: 'Feline bureaucracy' }).waitFor()
    await button(page, 'New chat').click()
    await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    await say(page, 'Hello')
    await answered(page, 1)

    await page.keyboard.press('Control+k')
    await page.keyboard.type('paperwork')
    await page.getByRole('heading', { name: 'About “paperwork”' }).waitFor()
    expect(await conversations(page).locator('mark').allInnerTexts()).toContain('paperwork')
    await conversations(page)
      .getByRole('link', { name: /Feline bureaucracy/ })
      .waitFor()
    await look(page, 'search')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Feline bureaucracy' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('xylophone')
    await page.getByRole('heading', { name: 'Nothing about “xylophone”' }).waitFor()
    await page.keyboard.press('Escape')
    await conversations(page).getByRole('link', { name: 'Hello' }).waitFor()
  })

  it('finds more than a page of conversations, with the keyboard, and marks the words of titles', async () => {
    const page = await desk.device()
    await talk(page, 'Hello')
    const begin = (title: string) =>
      page.request.post('/api/sessions', { data: { title }, headers: { Origin: desk.url } })
    for (let n = 0; n < 25; n++) expect((await begin(`The café number ${n}`)).status()).toBe(201)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('cafes')
    await page.getByRole('heading', { name: 'About “cafes”' }).waitFor()
    const hits = conversations(page).getByRole('link', { name: /^The café number/ })
    await expect.poll(() => hits.count()).toBe(20)
    expect(await conversations(page).locator('mark').first().innerText()).toBe('café')
    // Down through the results, to what goes on.
    await page.keyboard.press('Tab')
    for (let n = 0; n < 3; n++) await page.keyboard.press('ArrowUp')
    await button(conversations(page), 'Search further').press('Enter')
    await expect.poll(() => hits.count()).toBe(25)
    expect(await button(conversations(page), 'Search further').count()).toBe(0)
    await look(page, 'search-further')
  })

  it('deletes, for good, after asking', async () => {
    const page = await desk.device()
    const id = await talk(page, 'Something that nobody needs to know')
    await button(conversations(page), /^More about/).click()
    await button(conversations(page), 'Delete conversation').click()
    const dialog = page.getByRole('dialog', { name: 'Delete this conversation?' })
    await look(page, 'deleting')
    await button(dialog, 'Cancel').click()
    await answered(page, 1)
    await button(conversations(page), /^More about/).click()
    await button(conversations(page), 'Delete conversation').click()
    await button(dialog, 'Delete').click()
    await page.getByRole('heading', { name: 'What is on your mind?' }).waitFor()
    await page.getByText('Nothing here yet.').waitFor()
    expect((await page.request.get(`/api/sessions/${id}`)).status()).toBe(404)
    await page.goto(`/c/${id}`)
    // The browser tells of the 404 itself.
    expect(desk.faults.splice(0)).toEqual([expect.stringContaining('404')])
    await look(page, 'not-there')
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
