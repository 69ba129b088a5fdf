import { listen as listenOn } from '@sessions/testkit'
import { afterAll } from 'vitest'
import type { SessionApi } from '../../src/http.js'
import { toNodeHandler } from '../../src/node.js'

/** The API on a port of its own, until the tests of the file end. */
export async function listen(api: SessionApi): Promise<string> {
  const handle = toNodeHandler(api)
  const { url, close } = await listenOn((req, res) => void handle(req, res))
  afterAll(close)
  return url
}
