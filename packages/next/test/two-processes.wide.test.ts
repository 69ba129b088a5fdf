import { describeSessionApi } from '@sessions/core/testing'
import { redisUrl } from '@sessions/testkit'
import { afterAll } from 'vitest'
import { sendTo } from './api-request.js'
import { Application, stopAll, version } from './application.js'

afterAll(stopAll)

// As behind a balancer: whatever one process knows, the next request may come to the other.
let both: Promise<readonly Application[]> | undefined
let count = 0
describeSessionApi(`Next ${version}, two processes by turns`, async (path, init) => {
  both ??= startBoth()
  count += 1
  return sendTo((await both)[count % 2]!, path, init)
})

async function startBoth(): Promise<readonly Application[]> {
  const env = { REDIS_URL: await redisUrl() }
  return [await Application.run(env), await Application.run(env)]
}
