import { describeSessionApi } from '@sessions/core/testing'
import { bare, express4, express5, furnished, serve } from './serve-api.js'

const four = await serve(express4, bare)
describeSessionApi('Express 4', (path, init) => fetch(four + path, init))

const fourFurnished = await serve(express4, furnished(express4))
describeSessionApi('Express 4, behind compression and a body parser', (path, init) =>
  fetch(fourFurnished + path, init),
)

const fiveFurnished = await serve(express5, furnished(express5))
describeSessionApi('Express 5, behind compression and a body parser', (path, init) =>
  fetch(fiveFurnished + path, init),
)
