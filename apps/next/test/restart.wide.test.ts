import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '@sessions/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { startChat } from './chat.js'
import { killAmidTour } from './kill-amid-tour.js'
import { openStream, terminated } from './shutdown.js'

it('has every conversation and every cart when it is back, on Redis', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  await killAmidTour(() => startChat({ REDIS_URL: redis.url }))
})

it('has every conversation and every cart when it is back, in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-chat-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const start = () => startChat({ SESSIONS_SQLITE: join(folder, 'data', 'sessions.db') })
  expect(await killAmidTour(start)).toContain(`sessions are in ${folder}`)
})

it('does not start with a store or a port that is none, and says so', async () => {
  await expect(startChat({ CHAT_STORE: 'floppy' })).rejects.toThrow(/floppy is unknown; there are: memory/)
  await expect(startChat({ PORT: 'http' })).rejects.toThrow('PORT=http is no port')
})

it('stores an answer as far as it got when it takes longer than a process that ends waits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-chat-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const env = { SESSIONS_SQLITE: join(folder, 'sessions.db') }
  const before = await startChat({ ...env, CHAT_DELAY_MS: '200' })
  const visitor = before.visitor()
  const id = await visitor.begin()
  const answered = await openStream(
    before,
    visitor,
    `/api/sessions/${id}/message?stream=true`,
    'Tell me a story',
  )
  const code = await terminated(before)
  expect(await answered.rest).toContain('event: response.aborted')
  expect(code).toBe(0)

  const after = await startChat(env)
  onTestFinished(() => after.stop())
  const again = after.visitor()
  again.cookie = visitor.cookie
  const { messages } = await again.call('GET', `/api/sessions/${id}/messages`)
  const [, answer] = messages.items
  expect(answer.status).toBe('aborted')
  expect(answer.content).toContain('The night train')
})
