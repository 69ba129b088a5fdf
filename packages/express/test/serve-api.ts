import { apiFixture } from '@sessions/core/testing'
import { listen } from '@sessions/testkit'
import compression from 'compression'
import express5 from 'express'
// @ts-expect-error Its types are those of Express 5, under another name.
import untyped from 'express4'
import { afterAll } from 'vitest'
import { toExpressHandler } from '../src/index.js'

/** The API in a running application of Express: its URL. */
export async function serve(
  express: typeof express5,
  prepare: (app: express5.Express) => void,
): Promise<string> {
  const app = express()
  prepare(app)
  app.use('/api/v1', toExpressHandler(apiFixture()))
  app.use((_req, res) => void res.status(404).json({ status: 404, from: 'the application' }))
  const { url, close } = await listen(app as never)
  afterAll(close)
  return `${url}/api/v1`
}

export const bare = (): void => {}
// The order a real application has: compression and a body parser before everything else.
export const furnished =
  (express: typeof express5) =>
  (app: express5.Express): void => {
    app.use(compression())
    const type = ['application/json', 'application/*+json']
    app.use(express.json({ limit: '1mb', strict: false, inflate: false, type }))
    // What the parser refuses is answered as the API would.
    app.use(((error: { status: number }, _req, res, next) => {
      if (res.headersSent) next(error)
      else
        res
          .status(error.status)
          .set({ 'Cache-Control': 'no-store', 'X-Request-Id': 'parser' })
          .json({ status: error.status, code: error.status === 415 ? 'unsupported_media_type' : 'invalid' })
    }) as express5.ErrorRequestHandler)
  }

export { express5 }
export const express4 = untyped as typeof express5
