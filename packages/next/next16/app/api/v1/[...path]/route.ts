import type * as Testing from '@sessions/core/testing'
import { toRouteHandlers } from '@sessions/next'
import { openCounter, openStore } from '../../../../lib/store'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(async () => {
  // As Node finds it: what the suite is made of is no part of an application.
  const name = '@sessions/core/testing'
  const { apiFixture } = (await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ name
  )) as typeof Testing
  const countAsked = await openCounter()
  return apiFixture({
    basePath: '/api/v1',
    cookie: { secure: false },
    store: await openStore('suite'),
    ...(countAsked === undefined ? {} : { countAsked }),
  })
})
