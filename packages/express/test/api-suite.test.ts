import { describeSessionApi } from '@sessions/core/testing'
import { bare, express5, serve } from './serve-api.js'

// On Express 4, and behind compression and a body parser: api-suite.wide.test.ts.
const base = await serve(express5, bare)
describeSessionApi('Express 5', (path, init) => fetch(base + path, init))
