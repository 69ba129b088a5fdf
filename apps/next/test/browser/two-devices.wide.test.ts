import { describe, expect, it } from 'vitest'
import {
  answered,
  answers,
  button,
  composer,
  inspector,
  look,
  openDesk,
  questions,
  say,
  talk,
  linkOf,
} from './desk.js'

const desk = openDesk()

describe('a second tab', () => {
  it('sees what is said in the first as it is said, and what changes in cart and preferences', async () => {
    const one = await desk.device()
    const id = await talk(one, 'Hello')
    const two = await desk.tab(one)
    await two.goto(`/c/${id}`)
    await answered(two, 1)

    await say(one, 'Tell me a story about two tabs')
    await answers(two).filter({ hasText: 'The night train' }).waitFor()
    await button(two, 'Stop').waitFor()
    const [told, seen] = await Promise.all([answered(one, 2), answered(two, 2)])
    expect(seen).toContain('two tabs')
    expect(seen.match(/The end\./g)).toHaveLength(1)
    expect(told).toContain('The end.')
    expect(await questions(two).count()).toBe(2)

    await one.bringToFront()
    await say(one, 'Add two Fox Cups')
    await inspector(two).getByText('€36.00').first().waitFor()
    await two.bringToFront()
    await button(two, 'One more Fox Cup').click()
    await one.bringToFront()
    await inspector(one).getByText('€54.00').first().waitFor()
    await look(one, 'cart')

    await one.getByRole('tab', { name: 'Preferences' }).click()
    await two.bringToFront()
    await two.getByRole('tab', { name: 'Preferences' }).click()
    await say(two, 'My name is Ada and I like maps')
    await expect.poll(() => one.getByLabel('name', { exact: true }).inputValue()).toBe('Ada')
    await one.bringToFront()
    await one.getByRole('textbox', { name: 'New preference' }).fill('language')
    await one.getByRole('textbox', { name: 'Its value' }).fill('Danish')
    await button(one, 'Note it').click()
    await expect.poll(() => two.getByLabel('language', { exact: true }).inputValue()).toBe('Danish')
    await look(one, 'preferences')
    await button(one, 'Forget language').click()
    await two.getByLabel('language', { exact: true }).waitFor({ state: 'detached' })

    await two.bringToFront()
    await two.getByRole('tab', { name: 'Context' }).click()
    await two.getByRole('heading', { name: 'What it reads' }).waitFor()
    await two.getByRole('slider', { name: 'Budget in tokens' }).fill('1000')
    await two.getByText('too long ago for the budget').first().waitFor()
    await look(two, 'context')
  })
})

describe('a phone', () => {
  it('takes a conversation over once the laptop has approved the number it shows', async () => {
    const laptop = await desk.device()
    const id = await talk(laptop, 'Add the Fox Cup')
    const link = await linkOf(laptop, /^My other device/)
    await laptop.getByRole('img', { name: 'QR code of the link' }).waitFor()
    await look(laptop, 'transfer-link')

    const phone = await desk.device({ isPhone: true })
    await phone.goto(link)
    await phone.getByRole('heading', { name: 'Continue here?' }).waitFor()
    await phone.getByText('“Add the Fox Cup”').waitFor()
    expect(phone.url(), 'the secret is out of the address').toBe(`${desk.url}/continue`)
    await look(phone, 'phone-continue')
    await button(phone, 'Continue here').click()
    await phone.getByRole('heading', { name: 'Approve it over there' }).waitFor()
    const number = await phone.getByText(/^\d\d$/).innerText()
    await look(phone, 'phone-pending')
    // Whoever loads the page anew while it waits does not lose their place.
    await phone.reload()
    await button(phone, 'Continue here').click()
    await phone.getByText(number, { exact: true }).waitFor()

    await laptop.getByText('A device asks to be let in.').waitFor()
    expect(await laptop.getByRole('dialog').getByRole('alert').innerText()).toContain(number)
    await look(laptop, 'transfer-approve')
    await button(laptop, 'Approve').click()
    await phone.waitForURL(`**/c/${id}`)
    expect(await answered(phone, 1)).toContain('Fox Cup')
    await laptop.getByText('Your other device has joined in.').waitFor()
    await button(laptop.getByRole('dialog'), 'Close').click()
    await composer(phone).fill('Add two postcards')
    await button(phone, 'Send').click()
    await inspector(laptop).getByText('€33.00').first().waitFor()
    expect(await answered(laptop, 2)).toContain('Twelve Postcards')
    await look(phone, 'phone-continued')

    await composer(laptop).fill('Kept for later')
    const there = await linkOf(laptop, /^Move there/)
    await phone.goto(there)
    await button(phone, 'Continue here').click()
    await laptop.getByText('A device asks to be let in.').waitFor()
    await button(laptop, 'Approve').click()
    await phone.waitForURL(`**/c/${id}`)
    await laptop.getByText('It goes on over there now.').waitFor()
    await button(laptop.getByRole('dialog'), 'Close').click()
    await laptop.getByText('This conversation goes on on your other device.').waitFor()
    expect(await composer(laptop).count()).toBe(0)
    await look(laptop, 'moved-away')
    await say(phone, 'Add the Lighthouse Lamp')
    await answered(phone, 3)
    expect(await answered(laptop, 3), 'it can be read').not.toBe('')
    await laptop.reload()
    await button(laptop, 'Bring it back here').click()
    await composer(laptop).waitFor()
    expect(await composer(laptop).inputValue()).toBe('Kept for later')
    await phone.getByText('This conversation goes on on your other device.').waitFor()
    await look(phone, 'phone-moved-away')

    const late = await desk.device({ isPhone: true })
    await late.goto(link)
    await late.getByRole('heading', { name: 'This link does not work any more' }).waitFor()
    await look(late, 'phone-too-late')
    expect(desk.faults.splice(0).filter((fault) => !fault.includes('404'))).toEqual([])
  })
})
