import { expect, it } from 'vitest'
import { createSessions } from '../../src/index.js'

/** Uses the turn of the event loop up, as others do in a busy process. */
function busy(): void {
  const end = performance.now() + 60
  while (performance.now() < end);
}

it('takes messages as they are at the call, also where the event loop is busy', async () => {
  const session = await createSessions().for({ tenantId: 'acme', userId: 'alice' }).create()
  await session.append({ role: 'user', content: 'first' })
  const message = { role: 'user' as const, content: '' }
  const part = { type: 'text', text: '' }
  const appending: Promise<unknown>[] = []
  for (const word of ['one', 'two', 'three']) {
    message.content = word
    appending.push(session.append(message))
    busy()
    part.text = word
    appending.push(session.append([{ role: 'user', content: [part] }]))
  }
  await Promise.all(appending)
  const { messages } = await session.history()
  const texts = messages.map(({ content }) => (typeof content === 'string' ? content : content[0]!['text']))
  expect(texts).toEqual(['first', 'one', 'one', 'two', 'two', 'three', 'three'])
})
