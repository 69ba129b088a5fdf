import { exchange, type Endpoint } from '../../network/exchange.js'

/** A reply of Redis: a text, a number, nothing, or a list of these. */
export type RedisReply = string | number | null | RedisReply[]

/** The options of {@link sendRedis}. */
export interface RedisCommandOptions {
  /** How long it may take in milliseconds. Default four minutes. */
  timeoutMs?: number
}

/**
 * Sends one command to a Redis, over a connection of its own. For set-up and checks, so that this package
 * depends on no client. An error reply is thrown.
 */
export async function sendRedis(
  target: Endpoint,
  command: readonly string[],
  options: RedisCommandOptions = {},
): Promise<RedisReply> {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  const reply = await exchange(target, {
    ...options,
    request: Buffer.from(`*${command.length}\r\n${parts.join('')}`),
    read: (received) => parseReply(received, 0),
  })
  return reply.value
}

interface Parsed {
  value: RedisReply
  /** Where the next reply begins. */
  end: number
}

function parseReply(bytes: Buffer, at: number): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const end = lineEnd + 2
  switch (String.fromCharCode(bytes[at]!)) {
    case '+':
      return { value: line, end }
    case ':':
      return { value: Number(line), end }
    case '$':
      return parseBulk(bytes, end, Number(line))
    case '*':
      return parseList(bytes, end, Number(line))
    default:
      throw new Error(`Redis says ${line}`)
  }
}

function parseBulk(bytes: Buffer, at: number, length: number): Parsed | undefined {
  if (length < 0) return { value: null, end: at }
  const end = at + length + 2
  return end > bytes.length ? undefined : { value: bytes.toString('utf8', at, at + length), end }
}

function parseList(bytes: Buffer, at: number, length: number): Parsed | undefined {
  if (length < 0) return { value: null, end: at }
  const value: RedisReply[] = []
  let end = at
  while (value.length < length) {
    const item = parseReply(bytes, end)
    if (!item) return undefined
    value.push(item.value)
    end = item.end
  }
  return { value, end }
}
