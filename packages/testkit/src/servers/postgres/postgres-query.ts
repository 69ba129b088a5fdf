import { exchange, type Endpoint } from '../../network/exchange.js'
import { patienceMs } from '../../wait-until.js'

/** The options of {@link queryPostgres}. */
export interface PostgresQueryOptions {
  /** The database to connect to. Default `postgres`. */
  database?: string
  /** How long it may take in milliseconds. Default four minutes. */
  timeoutMs?: number
}

/**
 * Sends one query to a PostgreSQL of the testkit, over a connection of its own, and returns the rows as text. It
 * speaks just enough of the protocol for set-up and checks, so that this package depends on no client.
 */
export function queryPostgres(
  target: Endpoint,
  sql: string,
  options: PostgresQueryOptions = {},
): Promise<(string | null)[][]> {
  const { database = 'postgres', timeoutMs = patienceMs } = options
  let asked = false
  return exchange(target, {
    request: startupMessage(database),
    timeoutMs,
    read(received, send) {
      const messages = parseMessages(received)
      const failure = messages.find(({ type }) => type === 'E')
      if (failure) throw new Error(toErrorText(failure.body))
      const readies = messages.filter(({ type }) => type === 'Z').length
      if (readies === 1 && !asked) {
        asked = true
        send(toMessage('Q', `${sql}\0`))
      }
      return readies < 2 ? undefined : messages.filter(({ type }) => type === 'D').map(toRow)
    },
  })
}

interface Message {
  type: string
  body: Buffer
}

function startupMessage(database: string): Buffer {
  const version3 = '\0\u0003\0\0'
  return toMessage('', `${version3}user\0postgres\0database\0${database}\0\0`)
}

function toMessage(type: string, text: string): Buffer {
  const body = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

function parseMessages(bytes: Buffer): Message[] {
  const messages: Message[] = []
  for (let at = 0; at + 5 <= bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    if (end > bytes.length) break
    messages.push({ type: String.fromCharCode(bytes[at]!), body: bytes.subarray(at + 5, end) })
    at = end
  }
  return messages
}

function toRow({ body }: Message): (string | null)[] {
  const row: (string | null)[] = []
  for (let at = 2; at < body.length;) {
    const length = body.readInt32BE(at)
    at += 4
    row.push(length < 0 ? null : body.toString('utf8', at, at + length))
    at += Math.max(length, 0)
  }
  return row
}

// Fields of an error are a letter and a text: S severity, C code, M message.
function toErrorText(body: Buffer): string {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .map((field) => [field[0], field.slice(1)]),
  )
  return `PostgreSQL says ${fields.get('C')}: ${fields.get('M')}`
}
