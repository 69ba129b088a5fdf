import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const graceMs = 10_000
// Beside both src and dist.
const dir = fileURLToPath(new URL('../', import.meta.url))

/** The servers that this process starts, when the environment names none. */
const servers: Readonly<
  Record<string, { variable: string; start: () => Promise<{ url: string; stop(): Promise<void> }> }>
> = {
  redis: { variable: 'REDIS_URL', start: async () => (await import('@sessions/testkit')).startRedis() },
  postgres: {
    variable: 'DATABASE_URL',
    start: async () => (await import('@sessions/testkit')).startPostgres(),
  },
}

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return 3000
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port
  throw new Error(`PORT=${text} is no port: 0 (any) to 65535`)
}

/** Tells the application its store, and starts a server if the store needs one. */
async function chooseStore(name: string | undefined): Promise<() => Promise<void>> {
  if (name !== undefined) process.env['CHAT_STORE'] = name
  process.env['SESSIONS_SQLITE'] ||= `${dir}data/sessions.db`
  const { variable, start } = (name === undefined ? undefined : servers[name]) ?? {}
  if (variable === undefined || process.env[variable]) return async () => {}
  const server = await start!()
  process.env[variable] = server.url
  return () => server.stop()
}

/** What the application shares with this process, whose modules it does not have. */
const shared = globalThis as { chatSessions?: { close(): Promise<void> }; chatStop?: AbortSignal }

/** The streams of changes. */
const watching = new Set<ServerResponse>()

type Handle = (req: IncomingMessage, res: ServerResponse) => Promise<void>

async function listen(
  host: string,
  port: number,
): Promise<{ server: Server; serve: (handle: Handle) => void }> {
  let serve: (handle: Handle) => void = () => {}
  const ready = new Promise<Handle>((resolve) => (serve = resolve))
  const server = createServer((req, res) => {
    if (/\/events(?:\?|$)/.test(req.url ?? '')) {
      watching.add(res)
      res.once('close', () => watching.delete(res))
    }
    ready
      .then((handle) => handle(req, res))
      .catch((error: unknown) => {
        console.error(error)
        res.destroy()
      })
  })
  server.listen(port, host)
  await once(server, 'listening')
  return { server, serve }
}

async function start(): Promise<void> {
  const { values } = parseArgs({ options: { store: { type: 'string' } } })
  const host = process.env['HOST'] || '127.0.0.1'
  const port = readPort(process.env['PORT'])
  Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' })
  const stop = new AbortController()
  shared.chatStop = stop.signal
  const stopStore = await chooseStore(values.store)
  // The port first, because Next has to know it.
  const { server, serve } = await listen(host, port)
  const given = (server.address() as AddressInfo).port
  // Import Next only after the environment is complete.
  const { default: next } = await import('next')
  const app = next({ dev: false, dir, hostname: host, port: given, httpServer: server })

  let isClosing = false
  const close = async (): Promise<void> => {
    if (isClosing) process.exit(1)
    isClosing = true
    // Running answers finish; after the grace period they are stored as far as they got.
    setTimeout(() => stop.abort(), graceMs).unref()
    setTimeout(() => process.exit(1), 2 * graceMs).unref()
    // Who only watches would never leave, and connects again elsewhere.
    for (const response of watching) response.destroy()
    setInterval(() => server.closeIdleConnections(), 50).unref()
    await new Promise((resolve) => server.close(resolve))
    // After the last word of each answer: its end is read from the sessions.
    await shared.chatSessions?.close()
    await app.close()
    await stopStore()
    process.exit(0)
  }
  const closeOrSay = (): void => {
    close().catch((error: unknown) => {
      console.error(error)
      process.exit(1)
    })
  }
  process.on('SIGTERM', closeOrSay)
  process.on('SIGINT', closeOrSay)

  await app.prepare()
  serve(app.getRequestHandler())
  const url = `http://${host}:${given}`
  // The application opens its store with the first request: this request comes before those of users.
  const { status } = await fetch(`${url}/api/sessions`)
  if (status !== 200) throw new Error(`The sessions cannot be reached (${status}).`)
  console.log(`listening on ${url}`)
}

start().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
