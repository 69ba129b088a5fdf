import { describeSessionApi } from '@sessions/core/testing'
import { redisUrl } from '@sessions/testkit'
import { afterAll, expect } from 'vitest'
import { Application, stopAll, version } from './application.js'

afterAll(stopAll)

// Started by the first request: nobody ends what a run of other tests has no use for.
let alone: Promise<Application> | undefined
describeSessionApi(`Next ${version}`, async (path, init) => {
  alone ??= Application.run()
  return send(await alone, path, init)
})

// As behind a balancer: whatever one process knows, the next request may come to the other.
let both: Promise<readonly Application[]> | undefined
let count = 0
describeSessionApi(`Next ${version}, two processes by turns`, async (path, init) => {
  both ??= startBoth()
  count += 1
  return send((await both)[count % 2]!, path, init)
})

async function startBoth(): Promise<readonly Application[]> {
  const env = { REDIS_URL: await redisUrl() }
  return [await Application.run(env), await Application.run(env)]
}

/** What Next does by itself, before any code of an application runs, is no answer of the API. */
async function send({ url }: Application, path: string, init?: RequestInit): Promise<Response> {
  // It sends whoever asks for `a//b` to `a/b`.
  const response = await fetch(`${url}/api/v1${path}`, { ...init, redirect: 'follow' })
  if (isText(path)) return response
  // It fails on a path that is no text.
  expect(response.status).toBeGreaterThanOrEqual(400)
  await response.body?.cancel()
  return new Response(null, { status: 404, headers: { 'x-request-id': 'next', 'cache-control': 'no-store' } })
}

function isText(path: string): boolean {
  try {
    decodeURIComponent(path.split('?')[0]!)
    return true
  } catch {
    return false
  }
}
