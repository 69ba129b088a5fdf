import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '@sessions/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { startChat } from './chat.js'
import { killAmidTour } from './kill-amid-tour.js'

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
