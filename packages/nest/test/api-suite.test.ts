import { describeSessionApi } from '@sessions/core/testing'
import { serve } from './serve-api.js'

// On Express, and at the root: api-suite.wide.test.ts.
const base = await serve('Fastify', '/api/v1')
describeSessionApi('Nest on Fastify, under /api/v1', (path, init) => fetch(base + path, init))
