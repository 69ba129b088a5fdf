import { isSameText } from '../digest.js'
import { SessionError } from '../errors.js'

const prefix = 'whsec_'
const fewestBytes = 24
const mostBytes = 64
const toleranceMs = 300_000

/** A key of Web Crypto, whose name the types of every environment spell in another way. */
export type WebhookKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** What a message of a webhook is signed with: bytes in base64, after `whsec_`. @throws `invalid` */
export async function webhookKey(secret: string, path: string): Promise<WebhookKey> {
  const bytes = secretBytes(secret, path)
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

/**
 * @internal
 * @throws `invalid` for what is no secret.
 */
export function secretBytes(secret: unknown, path: string): Uint8Array<ArrayBuffer> {
  const isNamed = typeof secret === 'string' && secret.startsWith(prefix)
  const bytes = isNamed ? bytesOf(secret.slice(prefix.length)) : undefined
  if (bytes !== undefined && bytes.length >= fewestBytes && bytes.length <= mostBytes) return bytes
  const message = `${path} must be ${prefix} and ${fewestBytes} to ${mostBytes} bytes in base64`
  throw new SessionError('invalid', message, { path })
}

/** The signatures of a message, one for each key, as `webhook-signature` has them. */
export async function webhookSignature(
  keys: readonly WebhookKey[],
  { id, timestamp, body }: { readonly id: string; readonly timestamp: string; readonly body: string },
): Promise<string> {
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`)
  const all = keys.map(async (key) => `v1,${toBase64(await crypto.subtle.sign('HMAC', key, signed))}`)
  return (await Promise.all(all)).join(' ')
}

/**
 * Whether a request is a message of `webhookListener` with one of these secrets, not older than five minutes. For a
 * receiver in JavaScript; others take any library for Standard Webhooks.
 *
 * @param body As it came, before it is parsed.
 * @throws `invalid` for a secret that is none, for headers without `get`, such as those of Node, and for a body that was
 *   parsed.
 *
 * @example
 * ```ts
 * import { verifyWebhook } from '@sessions/core/listeners'
 *
 * async function receive(request: Request): Promise<Response> {
 *   const body = await request.text()
 *   const isOurs = await verifyWebhook([process.env['WEBHOOK_SECRET']!], request.headers, body)
 *   return new Response(null, { status: isOurs ? 204 : 401 })
 * }
 * ```
 */
export async function verifyWebhook(
  secrets: readonly string[],
  headers: Pick<Headers, 'get'>,
  body: string | Uint8Array,
): Promise<boolean> {
  if (!Array.isArray(secrets) || secrets.length === 0)
    throw new SessionError('invalid', 'secrets must be a list of one or more', { path: 'secrets' })
  if (typeof (headers as Partial<Headers> | undefined)?.get !== 'function')
    throw new SessionError('invalid', 'headers must be Headers, as a Request of the platform has them', {
      path: 'headers',
    })
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    throw new SessionError(
      'invalid',
      'body must be the text or the bytes of the request, before it is parsed',
      {
        path: 'body',
      },
    )
  const id = headers.get('webhook-id') ?? ''
  const timestamp = headers.get('webhook-timestamp') ?? ''
  const given = (headers.get('webhook-signature') ?? '').split(' ')
  const keys = await Promise.all(secrets.map((secret, index) => webhookKey(secret, `secrets[${index}]`)))
  if (!(Math.abs(Date.now() - Number(timestamp) * 1000) <= toleranceMs)) return false
  const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)
  const right = (await webhookSignature(keys, { id, timestamp, body: text })).split(' ')
  return right.some((one) => given.some((other) => isSameText(one, other)))
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

function toBase64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
}
