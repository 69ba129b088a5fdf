import { startRedis } from '@sessions/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { startChat } from './chat.js'
import { killAmidTour } from './kill-amid-tour.js'

it('has every conversation and every cart when it is back, on Redis', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  await killAmidTour(() => startChat({ REDIS_URL: redis.url }))
})

it('does not start with a store or a port that is none, and says so', async () => {
  await expect(startChat({ CHAT_STORE: 'floppy' })).rejects.toThrow(/floppy is unknown; there are: memory/)
  await expect(startChat({ PORT: 'http' })).rejects.toThrow('PORT=http is no port')
})
