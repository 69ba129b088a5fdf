import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

/** A server that speaks the REST of Upstash, over a Redis. */
export interface RestFront {
  readonly url: string
  readonly token: string
  /** How many HTTP requests came in. */
  readonly requests: number
  stop(): Promise<void>
}

type Outcome = { result: unknown } | { error: string }

const token = 'a token'

/** Starts a front: `POST /` takes a command, `POST /pipeline` a list of them; texts go out as base64 when asked for. */
export async function startRestFront(redisUrl: string): Promise<RestFront> {
  const redis = new Redis(redisUrl)
  let requests = 0

  async function run([command, ...args]: readonly unknown[]): Promise<Outcome> {
    try {
      return { result: await redis.call(String(command), args.map(String)) }
    } catch (error) {
      return { error: (error as Error).message }
    }
  }

  const server = createServer((request, response) => {
    requests++
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const isBase64 = request.headers['upstash-encoding'] === 'base64'
    const serve = async () => {
      if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: 'Unauthorized' })
      const body = (await jsonOf(request)) as unknown[]
      if (request.url === '/pipeline') {
        const outcomes = await Promise.all(body.map((command) => run(command as unknown[])))
        return answer(
          200,
          outcomes.map((outcome) => (isBase64 ? encoded(outcome) : outcome)),
        )
      }
      const outcome = await run(body)
      return answer('error' in outcome ? 400 : 200, isBase64 ? encoded(outcome) : outcome)
    }
    serve().catch((error: unknown) => answer(500, { error: String(error) }))
  })
  // A client must not meet the end of a connection that it keeps.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    get requests() {
      return requests
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      redis.disconnect()
    },
  }
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString())
}

function encoded(outcome: Outcome): Outcome {
  return 'error' in outcome ? outcome : { result: toBase64(outcome.result) }
}

function toBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBase64)
  return typeof value === 'string' && value !== 'OK' ? Buffer.from(value).toString('base64') : value
}
