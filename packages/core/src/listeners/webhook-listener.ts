import type { SessionEvent, SessionEventType } from '../domain/events.js'
import { atOnce } from '../async/calling.js'
import { SessionError } from '../errors.js'
import { byteLength } from '../json.js'
import { checkNames, checkOptions } from '../options.js'
import { later, timerMs, toIso } from '../time.js'
import { askedPause } from './asked-pause.js'
import { sessionEventTypes } from './event-types.js'
import { secretBytes, webhookKey, webhookSignature } from './webhook-signature.js'

/** Where events are sent, and how long it is tried. */
export interface WebhookOptions {
  /** The address that takes them, by POST. */
  url: string
  /** Each signs every message: `whsec_` and 24 to 64 bytes in base64. Two while one replaces the other. */
  secrets: readonly string[]
  /** The types of events that are sent (default: all). */
  types?: readonly SessionEventType[]
  /** Chooses among them (default: all). */
  isSent?: (event: SessionEvent) => boolean
  /** How long an answer may take, in milliseconds (default 10,000). */
  timeoutMs?: number
  /** How often a message is sent at most, in tries (default 8: for about two minutes). */
  maxTries?: number
  /** The pause after the first try that failed, in milliseconds; it doubles each time, up to a minute (default 1,000). */
  pauseMs?: number
  /** Events that wait, in bytes of JSON together (default 1 MiB). */
  maxBytes?: number
  /** How long `settled()` and `close()` wait for what is not sent yet, in milliseconds (default 10,000). */
  flushMs?: number
  /**
   * Takes what was not delivered, to keep it or to tell somebody (default: a warning `listener_failed` for each, whose
   * cause says why). It is waited for as the delivery is; when it throws, that is such a warning.
   */
  onUndelivered?: (event: SessionEvent, why: SessionError) => unknown
}

/** A listener that sends events to another system. */
export interface WebhookListener {
  /** Takes an event. Rejects when it could not be delivered and `onUndelivered` is not set. */
  on(event: SessionEvent): Promise<void>
  /** Settles when everything that was told until now is sent or given up. @throws `unavailable` after `flushMs` */
  flush(): Promise<void>
}

const longestPauseMs = 60_000
// Requests at the same moment: the receiver has other senders.
const together = 4

/**
 * Sends events to an address, signed as Standard Webhooks are, with the event's `id` as the id of the message. Each is sent
 * again until it is taken: a receiver may get one twice, and must take each id once. Their order is not kept.
 *
 * @throws `invalid`
 *
 * @example
 * ```ts
 * import { createSessions } from '@sessions/core'
 * import { webhookListener } from '@sessions/core/listeners'
 *
 * const crm = webhookListener({
 *   url: 'https://crm.example/hooks/sessions',
 *   secrets: [process.env['WEBHOOK_SECRET']!],
 *   types: ['session.created', 'order.placed'],
 * })
 * const sessions = createSessions({ listeners: [crm] })
 * ```
 */
export function webhookListener(options: WebhookOptions): WebhookListener {
  const { types, isSent = () => true, maxBytes, flushMs, onUndelivered, ...rest } = checked(options)
  const isWanted = atOnce('isSent', isSent)
  const send = sender(rest)
  const waiting: (() => void)[] = []
  const open = new Set<Promise<void>>()
  let running = 0
  let bytes = 0

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (running >= together) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  async function deliver(event: SessionEvent): Promise<void> {
    const body = JSON.stringify({ type: event.type, timestamp: toIso(event.at), data: event })
    const size = byteLength(body)
    if (bytes + size > maxBytes) throw undelivered(`more than ${maxBytes} bytes wait to be sent`)
    bytes += size
    try {
      for (let tries = 1; ; tries++) {
        let outcome: Outcome = { again: false }
        await inTurn(async () => {
          outcome = await send(event, body)
        })
        if (outcome.why === undefined) return
        if (!outcome.again || tries >= rest.maxTries) throw undelivered(outcome.why, outcome.cause)
        await pauseFor(Math.max(pauseAfter(tries, rest.pauseMs), outcome.pauseMs ?? 0))
      }
    } finally {
      bytes -= size
    }
  }

  return {
    async on(event) {
      if ((types !== undefined && !types.includes(event.type)) || !isWanted(event)) return
      const delivery = deliver(event).catch((why: SessionError) => {
        if (onUndelivered === undefined) throw why
        return onUndelivered(event, why)
      })
      const ended = delivery.then(
        () => {},
        () => {},
      )
      open.add(ended)
      try {
        await delivery
      } finally {
        open.delete(ended)
      }
    },
    async flush() {
      const late = new Promise<'late'>((resolve) => {
        const timer = later(() => resolve('late'), timerMs(flushMs))
        if (typeof timer === 'object') timer.unref()
      })
      // A busy service tells of more all the time.
      const told = [...open]
      if ((await Promise.race([Promise.all(told), late])) !== 'late') return
      throw undelivered(`${told.filter((each) => open.has(each)).length} events are not sent yet`)
    },
  }
}

/** What came of a try. Without a `why` the message was taken. */
interface Outcome {
  readonly why?: string
  readonly cause?: unknown
  readonly again: boolean
  /** What the receiver asks for. */
  readonly pauseMs?: number
}

type SenderOptions = Required<Pick<WebhookOptions, 'url' | 'secrets' | 'timeoutMs' | 'maxTries' | 'pauseMs'>>

function sender({ url, secrets, timeoutMs }: SenderOptions) {
  const keys = Promise.all(secrets.map((secret, index) => webhookKey(secret, `secrets[${index}]`)))
  keys.catch(() => {})
  return async ({ id }: SessionEvent, body: string): Promise<Outcome> => {
    try {
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = await webhookSignature(await keys, { id, timestamp, body })
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          'webhook-signature': signature,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timerMs(timeoutMs)),
      })
      await answer.body?.cancel()
      if (answer.ok) return { again: false }
      const { status, headers } = answer
      const again = status >= 500 || [408, 425, 429].includes(status)
      return {
        why: `the receiver answered ${status}`,
        again,
        pauseMs: askedPause(headers.get('retry-after'), Date.now()),
      }
    } catch (cause) {
      return { why: 'the receiver did not answer', cause, again: !(cause instanceof SessionError) }
    }
  }
}

/** With up to a quarter more, so that senders that failed together do not come back together. */
function pauseAfter(tries: number, pauseMs: number): number {
  const ms = Math.min(pauseMs * 2 ** (tries - 1), longestPauseMs)
  return ms + (ms * crypto.getRandomValues(new Uint8Array(1))[0]!) / 1024
}

async function pauseFor(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = later(resolve, ms)
    // What waits to be sent again must not keep a process alive that has nothing else to do.
    if (typeof timer === 'object') timer.unref()
  })
}

function undelivered(why: string, cause?: unknown): SessionError {
  return new SessionError('unavailable', `A webhook was not delivered: ${why}.`, { cause })
}

function checked(options: WebhookOptions) {
  checkOptions<WebhookOptions>(options ?? null, {
    url: 'text',
    secrets: 'list',
    types: 'list',
    isSent: 'function',
    timeoutMs: 'number',
    maxTries: 'number',
    pauseMs: 'number',
    maxBytes: 'number',
    flushMs: 'number',
    onUndelivered: 'function',
  })
  checkNames(options.types, sessionEventTypes, 'types')
  const {
    timeoutMs = 10_000,
    maxTries = 8,
    pauseMs = 1000,
    maxBytes = 1024 * 1024,
    flushMs = 10_000,
  } = options
  for (const [path, value] of Object.entries({ timeoutMs, maxTries, pauseMs, maxBytes, flushMs }))
    if (!(value >= 1)) throw new SessionError('invalid', `${path} must be 1 or more`, { path })
  if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
    throw new SessionError('invalid', 'url must be an address with http or https', { path: 'url' })
  const { username, password } = new URL(options.url)
  if (username !== '' || password !== '')
    throw new SessionError('invalid', 'url must be without a user and a password: it is signed instead', {
      path: 'url',
    })
  if (!Array.isArray(options.secrets) || options.secrets.length === 0)
    throw new SessionError('invalid', 'secrets is empty', { path: 'secrets' })
  for (const [index, secret] of options.secrets.entries()) secretBytes(secret, `secrets[${index}]`)
  return { ...options, timeoutMs, maxTries, pauseMs, maxBytes, flushMs }
}
