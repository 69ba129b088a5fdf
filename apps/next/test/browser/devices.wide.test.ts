import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { answered, button, conversations, inspector, look, openDesk, say, talk } from './desk.js'

const desk = openDesk()

/** Shows the link of a transfer, and gives it. */
async function linkOf(page: Page, choice: RegExp): Promise<string> {
  await button(page, 'Move to another device').click()
  await page.getByRole('dialog').getByRole('button', { name: choice }).click()
  return page.getByRole('textbox', { name: 'Link' }).inputValue()
}

describe('a second tab', () => {
  it('learns of a new title, and that a conversation is gone', async () => {
    const one = await desk.device()
    const id = await talk(one, 'Hello')
    const two = await desk.tab(one)
    await two.goto(`/c/${id}`)
    await answered(two, 1)
    // A browser draws what lies behind once a second.
    await one.bringToFront()
    await button(one, 'More').click()
    await button(one, 'Rename').click()
    await one.getByRole('textbox', { name: 'Title' }).fill('Two windows')
    await one.getByRole('textbox', { name: 'Title' }).press('Enter')
    await two.getByRole('heading', { name: 'Two windows' }).waitFor()
    await conversations(two).getByRole('link', { name: 'Two windows' }).waitFor()
    await button(one, 'More').click()
    await button(one, 'Delete conversation').click()
    await button(one.getByRole('dialog'), 'Delete').click()
    await two.getByRole('heading', { name: 'This conversation is gone' }).waitFor()
    desk.faults.splice(0)
  })

  it('orders once what lies in the cart', async () => {
    const page = await desk.device()
    await talk(page, 'Add the Night Deck')
    await inspector(page).getByText('From the catalogue').click()
    await button(page, 'Add Twelve Postcards').click()
    await inspector(page).getByText('2 pieces').waitFor()
    await look(page, 'catalogue')
    await button(page, 'Check out').click()
    await inspector(page).getByText('Ordered, for €22.00.').waitFor()
    await say(page, 'What did I order?')
    expect(await answered(page, 2)).toContain('1 × Night Deck and 1 × Twelve Postcards')
  })
})

describe('a phone', () => {
  it('is a place to write in, too', async () => {
    const page = await desk.device({ isPhone: true })
    await page.goto('/')
    await look(page, 'phone-start')
    await talk(page, 'Do you have something warm?')
    await look(page, 'phone-conversation')
    const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement)
    expect(scrollWidth, 'nothing sticks out').toBe(clientWidth)
    await button(page, 'Show the inspector').click()
    await inspector(page).getByText('The cart is empty.').waitFor()
    await look(page, 'phone-cart')
    await button(page, 'Close the inspector').click()
    await button(page, 'Show conversations').click()
    await conversations(page).getByRole('link', { name: 'Do you have something warm?' }).waitFor()
    await look(page, 'phone-list')
  })

  it('is turned away when the laptop says so', async () => {
    const laptop = await desk.device()
    await talk(laptop, 'Hello')
    const link = await linkOf(laptop, /^My other device/)
    const phone = await desk.device({ isPhone: true })
    await phone.goto(link)
    await button(phone, 'Continue here').click()
    await laptop.getByText('A device asks to be let in.').waitFor()
    await button(laptop, 'Deny').click()
    await phone.getByRole('heading', { name: 'This link does not work any more' }).waitFor()
    expect(desk.faults.splice(0).filter((fault) => !fault.includes('404'))).toEqual([])
  })

  it('of somebody else takes a copy, and keeps what it has', async () => {
    const laptop = await desk.device()
    const id = await talk(laptop, 'My name is Ada')
    const link = await linkOf(laptop, /^A copy for somebody else/)
    const phone = await desk.device({ isPhone: true })
    await talk(phone, 'A conversation of my own')
    await phone.goto(link)
    await phone.getByRole('heading', { name: 'Take a copy?' }).waitFor()
    await look(phone, 'phone-copy')
    await button(phone, 'Take the copy').click()
    expect(await answered(phone, 1)).toContain('Ada')
    expect(phone.url()).not.toContain(id)
    await laptop.getByText('The copy has been taken.').waitFor()
    await button(phone, 'Show conversations').click()
    await conversations(phone).getByRole('link', { name: 'A conversation of my own' }).waitFor()
    await conversations(phone).getByRole('link', { name: 'My name is Ada' }).waitFor()
  })

  it('is told what it would leave behind', async () => {
    const laptop = await desk.device()
    await talk(laptop, 'Hello')
    const link = await linkOf(laptop, /^My other device/)
    const phone = await desk.device({ isPhone: true })
    await talk(phone, 'A conversation of my own')
    await phone.goto(link)
    await phone.getByText('This device has 1 conversation of its own.').waitFor()
    await look(phone, 'phone-leaving')
    await phone.getByRole('link', { name: 'No, leave it' }).click()
    await button(phone, 'Show conversations').click()
    await conversations(phone).getByRole('link', { name: 'A conversation of my own' }).waitFor()
  })
})
