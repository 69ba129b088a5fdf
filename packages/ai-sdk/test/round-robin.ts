import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { listen } from '@sessions/testkit'

/** What a proxy passed on, and the place of the process that it went to. */
export interface Passed {
  readonly method: string
  readonly path: string
  readonly to: number
}

/** A proxy that gives each request of the API to the next process; a request that finds none there, to the one after. */
export async function roundRobin(urls: readonly string[]) {
  const passed: Passed[] = []
  let turn = 0
  const pass = (req: IncomingMessage, res: ServerResponse, body: Buffer, to: number, tries: number): void => {
    const { method = 'GET', url: path = '/', headers } = req
    const behind = request(urls[to]! + path, { method, headers }, (answer) => {
      if (path.startsWith('/api/')) passed.push({ method, path, to })
      res.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(res)
      // A process that dies in the middle of an answer ends the connection, as it would without a proxy.
      answer.on('error', () => res.destroy())
    })
    behind.on('error', () => {
      if (res.headersSent) res.destroy()
      else if (tries > 1) pass(req, res, body, (to + 1) % urls.length, tries - 1)
      else res.writeHead(502).end()
    })
    res.on('close', () => behind.destroy())
    behind.end(body)
  }
  const proxy = await listen((req, res) => {
    const body: Buffer[] = []
    req.on('data', (chunk: Buffer) => body.push(chunk))
    req.on('end', () => {
      const to = req.url!.startsWith('/api/') ? turn++ % urls.length : 0
      pass(req, res, Buffer.concat(body), to, urls.length)
    })
  })
  return {
    ...proxy,
    /** The process that got the newest request like this. */
    to: (method: string, ending: string) =>
      passed.findLast((each) => each.method === method && each.path.endsWith(ending))!.to,
  }
}
