import { parseArgs } from 'node:util'
import { createApp } from './app.js'
import { createShopSessions } from './shop-sessions.js'
import { openStore, storeFromEnv } from './store.js'

const graceMs = 10_000

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return 3000
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port
  throw new Error(`PORT=${text} is no port: 0 (any) to 65535`)
}

function readCount(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new Error(`REQUESTS_PER_MINUTE=${text} is no number: 1 to 999999999`)
}

async function start(): Promise<void> {
  const { values } = parseArgs({ options: { store: { type: 'string' } } })
  const { PORT, ADMIN_TOKEN, SESSION_SECRETS, REQUESTS_PER_MINUTE } = process.env
  const secrets = SESSION_SECRETS?.split(',').filter((secret) => secret !== '')
  const opened = await openStore(values.store ?? storeFromEnv(process.env), process.env)
  const sessions = createShopSessions(opened, secrets?.length === 0 ? undefined : secrets)
  sessions.sweepEvery(60_000, () => ['shop'])
  // Replies whose readers have disconnected still have to be stored.
  const letGo = (): void =>
    void sessions
      .close()
      .then(() => opened.close())
      .catch((error: unknown) => console.error(error))
  const stop = new AbortController()
  const leaving = new AbortController()
  const requestsPerMinute = readCount(REQUESTS_PER_MINUTE)
  const server = createApp({
    sessions,
    adminToken: ADMIN_TOKEN,
    inspected: opened,
    requestsPerMinute,
    stop: stop.signal,
    leaving: leaving.signal,
  }).listen(readPort(PORT), '127.0.0.1', (error) => {
    if (error !== undefined) {
      console.error(`cannot listen: ${error.message}`)
      process.exitCode = 1
      letGo()
      return
    }
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    console.log(`listening on http://127.0.0.1:${port}`)
  })

  let isClosing = false
  const close = (): void => {
    if (isClosing) process.exit(1)
    isClosing = true
    // Running replies finish, and the process ends by itself; after the grace period they are stored as far as they
    // got.
    leaving.abort()
    server.close(letGo)
    setTimeout(() => {
      stop.abort()
      server.closeIdleConnections()
    }, graceMs).unref()
    setTimeout(() => process.exit(1), 2 * graceMs).unref()
  }
  process.on('SIGTERM', close)
  process.on('SIGINT', close)
}

start().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
