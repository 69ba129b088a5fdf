import { SessionError } from '@sessions/core/store'
import { randomUUID } from 'node:crypto'
import pg from 'pg'

// A payload that the process sends itself must come back within this.
const echoMs = 2000
// A connection that nobody hears from is asked whether it lives.
const pingMs = 10_000
const endMs = 1000
const shortestPauseMs = 50
const longestPauseMs = 2000
const echoName = 'echo'

/** A connection that listens to one channel of the database, and is made anew when it breaks. */
export class Listener {
  readonly #url: string
  readonly #channel: string
  readonly #send: (payload: string) => Promise<unknown>
  readonly #onTexts = new Map<string, (text: string) => void>()
  readonly #onGaps: (() => void)[] = []
  #client: pg.Client | undefined
  #connecting: Promise<void> | undefined
  #pinging: NodeJS.Timeout | undefined
  #retrying: NodeJS.Timeout | undefined
  #pauseMs = shortestPauseMs
  #isClosed = false

  /** @param send Sends a payload by the way of the publisher. */
  constructor(url: string, channel: string, send: (payload: string) => Promise<unknown>) {
    this.#url = url
    this.#channel = channel
    this.#send = send
  }

  get isUp(): boolean {
    return this.#client !== undefined
  }

  /** @throws `unavailable`, `store_failed` */
  async add(name: string, onText: (text: string) => void): Promise<() => Promise<void>> {
    this.#onTexts.set(name, onText)
    try {
      await this.#connected()
    } catch (error) {
      this.#onTexts.delete(name)
      throw error
    }
    return async () => {
      this.#onTexts.delete(name)
    }
  }

  watch(onGap: () => void): void {
    this.#onGaps.push(onGap)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retrying)
    await this.#connecting?.catch(() => {})
    const client = this.#client
    this.#client = undefined
    clearInterval(this.#pinging)
    if (client !== undefined) await ended(client)
  }

  /** Gives up a connection that seems to be up, for a new one. */
  restart(): void {
    if (this.#client !== undefined) this.#lost(this.#client)
  }

  #connected(): Promise<void> {
    if (this.#client !== undefined) return Promise.resolve()
    if (this.#isClosed) return Promise.reject(new SessionError('unavailable', 'the bus is closed'))
    return (this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    }))
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'sessions bus',
      connectionTimeoutMillis: echoMs,
      query_timeout: echoMs,
      keepAlive: true,
    })
    const echoes = new Map<string, () => void>()
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', ({ payload = '' }) => {
      const space = payload.indexOf(' ')
      const [name, text] = [payload.slice(0, space), payload.slice(space + 1)]
      if (name === echoName) echoes.get(text)?.()
      else this.#onTexts.get(name)?.(text)
    })
    try {
      await client.connect()
      await client.query(`listen "${this.#channel}"`)
      await this.#heard(echoes)
    } catch (cause) {
      await ended(client)
      if (cause instanceof SessionError) throw cause
      throw new SessionError('unavailable', 'the bus cannot listen now', { cause })
    }
    if (this.#isClosed) return ended(client)
    this.#client = client
    this.#pauseMs = shortestPauseMs
    this.#pinging = setInterval(() => this.#ping(client), pingMs)
    this.#pinging.unref()
    for (const onGap of this.#onGaps) onGap()
  }

  /** A pooler of transactions takes LISTEN, and passes nothing on. */
  async #heard(echoes: Map<string, () => void>): Promise<void> {
    const name = randomUUID()
    let timer: NodeJS.Timeout | undefined
    let isSent = false
    const came = new Promise<boolean>((resolve) => echoes.set(name, () => resolve(true)))
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), echoMs)
    })
    // A pool that has no connection to lend may never answer.
    const sent = this.#send(`${echoName} ${name}`).then(() => {
      isSent = true
      return late
    })
    try {
      if (await Promise.race([came, sent, late])) return
    } finally {
      clearTimeout(timer)
      echoes.delete(name)
    }
    if (!isSent) {
      throw new SessionError('unavailable', `nothing went out through \`publish\` within ${echoMs} ms`)
    }
    const problem =
      'what is sent through `publish` does not come back on `listen`: let `listen` lead to the server itself, not to a pooler, and to the same database'
    throw new SessionError('store_failed', problem, { path: 'listen' })
  }

  #ping(client: pg.Client): void {
    client.query('select 1').catch(() => this.#lost(client))
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    clearInterval(this.#pinging)
    void ended(client)
    for (const onGap of this.#onGaps) onGap()
    this.#connectLater()
  }

  #connectLater(): void {
    if (this.#isClosed) return
    this.#retrying = setTimeout(
      () => {
        this.#connected().catch(() => this.#connectLater())
      },
      this.#pauseMs * (0.5 + Math.random() / 2),
    )
    this.#retrying.unref()
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }
}

/** Ends a connection, also one whose other side does not answer. */
async function ended(client: pg.Client): Promise<void> {
  const late = setTimeout(() => client.connection.stream.destroy(), endMs)
  await client.end().catch(() => {})
  clearTimeout(late)
}
