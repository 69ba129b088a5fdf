import { describeSessionApi } from '@sessions/core/testing'
import { redisUrl } from '@sessions/testkit'
import { afterAll } from 'vitest'
import { Application, stopAll, version } from './application.js'

afterAll(stopAll)

// Next itself sends whoever asks for `a//b` to `a/b`, whatever the application thinks of it.
const follow = { redirect: 'follow' } as const

const alone = await Application.run()
describeSessionApi(`Next ${version}`, (path, init) =>
  fetch(`${alone.url}/api/v1${path}`, { ...init, ...follow }),
)

// As behind a balancer: whatever one process knows, the next request may come to the other.
const env = { REDIS_URL: await redisUrl() }
const both = [await Application.run(env), await Application.run(env)]
let count = 0
describeSessionApi(`Next ${version}, two processes by turns`, (path, init) => {
  count += 1
  return fetch(`${both[count % 2]!.url}/api/v1${path}`, { ...init, ...follow })
})
