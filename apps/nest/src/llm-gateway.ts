import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { createSessions, memoryStore, type Sessions, type SessionStore } from '@sessions/core'
import { toLogLine } from '@sessions/core/node'
import type { ModelPrice } from '@sessions/core/usage'
import { createCallers } from './caller.js'
import { continueUrls } from './continue-url.js'
import { GatewayModule } from './gateway.module.js'
import { type ApiKey, demoKeys, marketplace, merchants } from './merchants.js'
import type { OpenStore } from './open-store.js'
import { openRedis, type RedisSettings } from './store.js'
import type { Tool } from './tools/tool.js'
import { ToolRegistry } from './tools/tool-registry.js'
import { Usage } from './usage.js'

export interface LLMGatewayOptions {
  session?: {
    /** `redis://`, `rediss://`, or Upstash's `https://` with its token (default: sessions live in memory). */
    redis?: RedisSettings
    /** A store of yours in place of `redis`; the gateway does not close it. */
    store?: SessionStore
    /** How long a session lives after its last write, in seconds (default 24 hours). */
    ttl?: number
    /** Of 32 bytes or more, they sign credentials; the first signs, all verify (default: one made at start). */
    secrets?: readonly string[]
  }
  /** Which callers may act for which merchant (default: demo keys, but none in production). */
  keys?: readonly ApiKey[]
  /** A caller that sends it as a bearer token may open every session of the marketplace (default: no such token). */
  adminToken?: string | undefined
  /** What the models of the assistants cost (default: nobody knows). */
  prices?: readonly ModelPrice[]
  /** How many requests of one address are answered in a minute (default 600); the others are a 429. */
  requestsPerMinute?: number | undefined
  /** The public address of the gateway, for links (default: where it listens). */
  publicUrl?: string | undefined
  /** Tools in addition to the gateway's own; a tool of the same name replaces one. */
  tools?: readonly Tool[]
  /** Gets every request first, such as for an access log. */
  onRequest?: (req: IncomingMessage) => void
  /** Called for errors of the server (default: `console.error`, without the words of the store). */
  onError?: (error: unknown) => void
}

const daySeconds = 24 * 3600
// Beside both src and dist.
const publicFolder = fileURLToPath(new URL('../public/', import.meta.url))
// Draws QR codes in the page, so that no secret is sent anywhere for it.
const qrFolder = dirname(createRequire(import.meta.url).resolve('uqr'))
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** The gateway: sessions, tools and transfers for assistants, over HTTP. */
export class LLMGateway {
  readonly #options: LLMGatewayOptions
  readonly #server: Server = createServer()
  readonly #store: OpenStore
  #app: NestExpressApplication | undefined

  /** @throws for a wrong Redis. */
  constructor(options: LLMGatewayOptions = {}) {
    const { redis, store } = options.session ?? {}
    if (redis !== undefined && store !== undefined) throw new Error('session: give either redis or store')
    this.#options = options
    this.#store =
      redis === undefined ? { store: store ?? memoryStore(), close: async () => {} } : openRedis(redis)
  }

  /** Serves on this port, or on any free one (0); resolves to its URL. @throws `invalid` for wrong options. */
  async listen(port = 3000, host = '127.0.0.1'): Promise<string> {
    // First listen, then make the application: its links contain the address.
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    const url = `http://${host}:${(this.#server.address() as AddressInfo).port}`
    try {
      this.#app = await this.#start(this.#options.publicUrl ?? url)
      return url
    } catch (error) {
      this.#server.close()
      throw error
    }
  }

  async #start(publicUrl: string): Promise<NestExpressApplication> {
    const {
      keys = process.env['NODE_ENV'] === 'production' ? [] : demoKeys,
      adminToken,
      tools,
      requestsPerMinute = 600,
    } = this.#options
    const usage: Usage = new Usage(() => sessions)
    const sessions = this.#createSessions(publicUrl, usage)
    const module = GatewayModule.with({
      sessions,
      store: this.#store.store,
      callers: createCallers(keys, adminToken),
      tools: new ToolRegistry(tools),
      usage,
      requestsPerMinute,
      close: async () => {
        await sessions.close()
        await this.#store.close()
      },
      onError: this.#options.onError ?? ((error) => console.error(toLogLine(error))),
    })
    const app = await NestFactory.create<NestExpressApplication>(module, new ServedAdapter(this.#server), {
      logger: ['error', 'warn'],
      abortOnError: false,
    })
    app.disable('x-powered-by')
    app.use((req: IncomingMessage, res: ServerResponse, next: () => void) => {
      this.#options.onRequest?.(req)
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      next()
    })
    // The forms and `/v1/execute` take cookies; the session API checks origins itself.
    app.enableCsrfProtection()
    app.useStaticAssets(publicFolder)
    app.useStaticAssets(qrFolder, { prefix: '/uqr/' })
    await app.init()
    return app
  }

  #createSessions(publicUrl: string, usage: Usage): Sessions {
    const { ttl = daySeconds, secrets = madeSecrets() } = this.#options.session ?? {}
    const { prices = [] } = this.#options
    const sessions = createSessions({
      store: this.#store.store,
      ...(this.#store.reads === undefined ? {} : { reads: this.#store.reads }),
      ttl: { idleMs: ttl * 1000 },
      transfers: { url: continueUrls(publicUrl) },
      consent: {
        onWithdraw: [
          async ({ purpose, ...user }) => (purpose === 'analytics' ? countsGone(usage, user) : {}),
        ],
      },
      privacy: { onErase: [(user) => countsGone(usage, user)] },
      // What stands for users in the usage is kept by the secrets.
      ...(secrets.length === 0 ? {} : { credentialSecrets: secrets, usage: { prices } }),
    })
    sessions.sweepEvery(60_000, () => [marketplace, ...merchants.map(({ id }) => id)])
    return sessions
  }

  /** Finishes the running answers, then closes the store. */
  async close(): Promise<void> {
    if (this.#app === undefined) await this.#store.close()
    else await this.#app.close()
  }
}

async function countsGone(
  usage: Usage,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
): Promise<Record<string, number>> {
  const calls = await usage.forget({ tenantId, userId })
  return calls === 0 ? {} : { calls }
}

/** The record of a user needs secrets. In production nothing is made up: what needs them says that they are missing. */
function madeSecrets(): readonly string[] {
  return process.env['NODE_ENV'] === 'production' ? [] : [randomBytes(32).toString('base64url')]
}

/** Express on a server that listens already. */
class ServedAdapter extends ExpressAdapter {
  readonly #server: Server

  constructor(server: Server) {
    super()
    this.#server = server
  }

  override initHttpServer(): void {
    this.httpServer = this.#server
    this.#server.on('request', this.getInstance())
  }
}
