import { expect, it } from 'vitest'
import { startChat } from './chat.js'
import { openStream, terminated } from './shutdown.js'

// An answer that takes too long: restart.wide.test.ts.
it('lets an answer end, and sends away who only watches, when it is asked to end', async () => {
  const chat = await startChat({ CHAT_DELAY_MS: '5' })
  const visitor = chat.visitor()
  const id = await visitor.begin()
  const watched = await openStream(chat, visitor, `/api/sessions/${id}/events`)
  const answered = await openStream(
    chat,
    visitor,
    `/api/sessions/${id}/message?stream=true`,
    'Tell me a story',
  )
  // The connection breaks off, and a page connects again.
  const sentAway = expect(watched.rest).rejects.toThrow()
  const code = terminated(chat)
  expect(await answered.rest).toContain('event: response.completed')
  await sentAway
  expect(await code).toBe(0)
})
