import { createSessions } from '@sessions/core'
import { apiFixture, describeSessionApi } from '@sessions/core/testing'
import { serveFastify, serveHono } from './applications.js'

const onHono = await serveHono(createSessions(), apiFixture())
describeSessionApi('Hono', (path, init) => fetch(`${onHono}/api${path}`, init))

const onFastify = await serveFastify(createSessions(), apiFixture())
describeSessionApi('Fastify', (path, init) => fetch(`${onFastify}/api${path}`, init))
