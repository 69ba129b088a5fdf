import { parseArgs } from 'node:util'
import type { ModelPrice } from '@sessions/core/usage'
import { LLMGateway } from './llm-gateway.js'
import { parseKeys } from './merchants.js'
import { openStore, storeFromEnv } from './store.js'

const graceMs = 20_000

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

/** As JSON; the service checks what is in it. */
function readPrices(text: string | undefined): readonly ModelPrice[] {
  if (text === undefined || text === '') return []
  try {
    return JSON.parse(text) as readonly ModelPrice[]
  } catch {
    throw new Error('MODEL_PRICES is no JSON: [{ "model": ..., "currency": ..., "perMillion": ... }]')
  }
}

async function start(): Promise<void> {
  const { values } = parseArgs({ options: { store: { type: 'string' } } })
  const { PORT, ADMIN_TOKEN, SESSION_SECRETS, API_KEYS, PUBLIC_URL, REQUESTS_PER_MINUTE, MODEL_PRICES } =
    process.env
  const secrets = SESSION_SECRETS?.split(',').filter((secret) => secret !== '')
  const opened = await openStore(values.store ?? storeFromEnv(process.env), process.env)
  const gateway = new LLMGateway({
    session: { store: opened.store, ...(secrets === undefined || secrets.length === 0 ? {} : { secrets }) },
    adminToken: ADMIN_TOKEN,
    prices: readPrices(MODEL_PRICES),
    requestsPerMinute: readCount(REQUESTS_PER_MINUTE),
    ...(API_KEYS ? { keys: parseKeys(API_KEYS) } : {}),
    ...(PUBLIC_URL ? { publicUrl: PUBLIC_URL } : {}),
  })
  try {
    console.log(`listening on ${await gateway.listen(readPort(PORT))}`)
  } catch (error) {
    await opened.close()
    throw error
  }

  let isClosing = false
  const close = async (): Promise<void> => {
    if (isClosing) process.exit(1)
    isClosing = true
    setTimeout(() => process.exit(1), graceMs).unref()
    await gateway.close()
    await opened.close()
  }
  const closeOrSay = (): void => {
    close().catch((error: unknown) => {
      console.error(error)
      process.exitCode = 1
    })
  }
  process.on('SIGTERM', closeOrSay)
  process.on('SIGINT', closeOrSay)
}

start().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
