import { beforeEach, expect, it, vi } from 'vitest'
import type { Session, SessionsOptions } from '../../src/index.js'

let opened: (options?: SessionsOptions) => Promise<Session>
beforeEach(async () => {
  // As in a new process, which has loaded no counter yet.
  vi.resetModules()
  const { createSessions } = await import('../../src/index.js')
  opened = (options) => createSessions(options).for({ tenantId: 'acme', userId: 'alice' }).create()
})

it('takes the first message of a process as it is at the call', async () => {
  const session = await opened()
  const message = { role: 'user' as const, content: 'Two phones' }
  const appended = session.append([message])
  message.content = 'Three phones'
  await appended
  expect((await session.history()).messages.map(({ content }) => content)).toEqual(['Two phones'])
})

it('stores messages in the order of their calls, and counts them by the counter of the application', async () => {
  const session = await opened({ countTokens: ({ content }) => content.length })
  await Promise.all(['one', 'two', 'three'].map((content) => session.append({ role: 'user', content })))
  const { messages } = await session.history()
  expect(messages.map(({ content, tokens }) => [content, tokens])).toEqual([
    ['one', 3],
    ['two', 3],
    ['three', 5],
  ])
})

it('refuses a wrong first message with its path, and stores nothing', async () => {
  const session = await opened()
  await expect(
    session.append([{ role: 'user', content: 'Hi' }, { role: 'robot' } as never]),
  ).rejects.toMatchObject({
    code: 'invalid',
    path: 'messages[1].role',
  })
  expect((await session.history()).messages).toEqual([])
})
