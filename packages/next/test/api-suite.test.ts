import { describeSessionApi } from '@sessions/core/testing'
import { afterAll } from 'vitest'
import { sendTo } from './api-request.js'
import { Application, stopAll, version } from './application.js'

afterAll(stopAll)

// Started by the first request: nobody ends what a run of other tests has no use for.
let alone: Promise<Application> | undefined
describeSessionApi(`Next ${version}`, async (path, init) => {
  alone ??= Application.run()
  return sendTo(await alone, path, init)
})
