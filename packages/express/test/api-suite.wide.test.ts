import { describeSessionApi } from '@sessions/core/testing'
import { bare, express4, express5, furnished, serve } from './serve-api.js'

const four = await serve(express4, bare)
describeSessionApi('Express 4', (path, init) => fetch(four + path, init))

const five = await serve(express5, furnished(express5))
describeSessionApi('Express 5, behind compression and a body parser', (path, init) =>
  fetch(five + path, init),
)
