import { describe, expect, it } from 'vitest'
import {
  answered,
  button,
  conversations,
  type DeviceOptions,
  inspector,
  linkOf,
  look,
  openDesk,
  say,
  tablet,
  talk,
  zoomed,
} from './desk.js'

const desk = openDesk()

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

describe('a phone, a tablet, and a window at 200 %', () => {
  it.each<[string, DeviceOptions]>([
    ['phone', { isPhone: true }],
    ['tablet', tablet],
    ['zoomed', zoomed],
  ])('are places to write in, too (%s)', async (size, options) => {
    const page = await desk.device(options)
    await page.goto('/')
    await look(page, `${size}-start`)
    await talk(page, 'Do you have something warm?')
    await look(page, `${size}-conversation`)
    await button(page, 'Show the inspector').click()
    await inspector(page).getByText('The cart is empty.').waitFor()
    await look(page, `${size}-cart`)
    await inspector(page).getByRole('tab', { name: 'Context' }).click()
    await inspector(page).getByRole('heading', { name: 'What it reads' }).waitFor()
    await look(page, `${size}-context`)
    await button(page, 'Close the inspector').click()
    // A tablet shows them beside.
    const isHidden = size !== 'tablet'
    if (isHidden) await button(page, 'Show conversations').click()
    await conversations(page).getByRole('link', { name: 'Do you have something warm?' }).waitFor()
    await look(page, `${size}-list`)
    if (isHidden) await page.keyboard.press('Escape')
    const link = await linkOf(page, /^A copy for somebody else/)
    await page.getByRole('img', { name: 'QR code of the link' }).waitFor()
    await look(page, `${size}-transfer`)
    const other = await desk.device(options)
    await other.goto(link)
    await other.getByRole('heading', { name: 'Take a copy?' }).waitFor()
    await look(other, `${size}-copy`)
    await other.goto('/privacy')
    await look(other, `${size}-privacy`)
  })
})

describe('a phone', () => {
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
