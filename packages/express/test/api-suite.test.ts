import { describeSessionApi } from '@sessions/core/testing'
import { bare, express4, express5, furnished, serve } from './serve-api.js'

const five = await serve(express5, bare)
describeSessionApi('Express 5', (path, init) => fetch(five + path, init))

const four = await serve(express4, furnished(express4))
describeSessionApi('Express 4, behind compression and a body parser', (path, init) =>
  fetch(four + path, init),
)
