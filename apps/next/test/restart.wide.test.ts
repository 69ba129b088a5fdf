import { startRedis } from '@sessions/testkit'
import { it, onTestFinished } from 'vitest'
import { startChat } from './chat.js'
import { killAmidTour } from './kill-amid-tour.js'

it('has every conversation and every cart when it is back, on Redis', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  await killAmidTour(() => startChat({ REDIS_URL: redis.url }))
})
