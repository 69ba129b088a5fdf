import { createSessions } from '@sessions/core'
import { expect, it } from 'vitest'
import { ChatClient } from './chat-client.js'
import { alice, chatOf, expectKept, id } from './chat-of.js'
import { modelOf, text } from './models.js'

const said = (page: ChatClient) =>
  page.messages.map(({ parts }) =>
    parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
  )

/** A page whose requests are lost on their way while it is away. */
function shaky(chat: ReturnType<typeof chatOf>) {
  const line = { isAway: false }
  const handle: typeof chat.handle = (request, options) =>
    line.isAway ? Promise.reject(new TypeError('fetch failed')) : chat.handle(request, options)
  return { line, page: new ChatClient({ handle }, { id }) }
}

it.each([0, 1])('a question that was lost after %i others is asked by "try again"', async (before) => {
  const sessions = createSessions()
  const chat = chatOf({ model: modelOf(text('0', 'One.'), text('0', 'Two.')) }, sessions)
  const { line, page } = shaky(chat)
  if (before > 0) await page.sendMessage({ text: 'First' })
  line.isAway = true
  await page.sendMessage({ text: 'Lost' })
  expect(page.status).toBe('error')
  line.isAway = false
  await page.regenerate()
  expect(said(page)).toEqual(before > 0 ? ['First', 'One.', 'Lost', 'Two.'] : ['Lost', 'One.'])
  await expectKept(chat, page)
  expect(await (await sessions.for(alice).get(id)).branches()).toEqual([])
})

it('what is refused is refused as a question, and leaves no chat behind', async () => {
  const sessions = createSessions()
  const chat = chatOf({ model: modelOf(text('0', 'One.')) }, sessions)
  const { line, page } = shaky(chat)
  line.isAway = true
  await page.sendMessage({
    text: 'What?',
    files: [{ type: 'file', mediaType: 'image/png', url: 'http://169.254.169.254/x' }],
  })
  line.isAway = false
  await page.regenerate()
  expect(page.error?.message).toContain('may not name this address')
  await expect(sessions.for(alice).get(id)).rejects.toMatchObject({ code: 'not_found' })
})

it('a page that has cut its messages gets the answer to the last one that it shows', async () => {
  const chat = chatOf({ model: modelOf(text('0', 'One.'), text('0', 'Two.'), text('0', 'Three.')) })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'First' })
  await page.sendMessage({ text: 'Second' })
  page.messages = page.messages.slice(0, 1)
  await page.regenerate()
  expect(said(page)).toEqual(['First', 'Three.'])
  await expectKept(chat, page)
})
