import { digestOf } from '../digest.js'
import { fromBase64Url, toBase64Url } from '../ids.js'
import type { KeptAnswer } from '../service/keyed-requests.js'

const keptHeaders = ['content-type', 'etag', 'location']
const sealedHeaders = ['set-cookie', 'x-session-id']

/** The kept form of an answer with this body. */
export async function toKeptAnswer(
  { status, headers }: Response,
  body: string,
  { key, isSecret }: { readonly key: string; readonly isSecret: boolean },
): Promise<KeptAnswer> {
  const plain: [string, string][] = []
  for (const name of keptHeaders) {
    const value = headers.get(name)
    if (value !== null) plain.push([name, value])
  }
  const secret = [...headers].filter(([name]) => sealedHeaders.includes(name))
  return {
    status,
    headers: plain,
    ...(secret.length === 0 ? {} : { sealed: await seal(JSON.stringify(secret), key) }),
    body: isSecret ? await seal(body, key) : body,
    ...(isSecret ? { isSealed: true } : {}),
  }
}

/** The answer again, for a request with the same key. */
export async function replayAnswer(answer: KeptAnswer, key: string): Promise<Response> {
  const headers = new Headers([...answer.headers] as [string, string][])
  const secret =
    answer.sealed === undefined ? [] : (JSON.parse(await unseal(answer.sealed, key)) as string[][])
  for (const [name, value] of secret) headers.append(name!, value!)
  headers.set('Idempotency-Replayed', 'true')
  const body = answer.isSealed === true ? await unseal(answer.body, key) : answer.body
  return new Response(body, { status: answer.status, headers })
}

// The store must not contain a text that opens a session. The key is not stored, so a reader of the store cannot
// unseal these headers.
async function sealingKey(key: string) {
  const bytes = new TextEncoder().encode(`@sessions idempotency ${key}`)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** A digest of a short secret: without the key, texts cannot be tried on it. */
export async function keyedDigest(text: string, key: string): Promise<string> {
  return digestOf(`@sessions request ${await digestOf(`@sessions request key ${key}`)} ${text}`)
}

async function seal(text: string, key: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    await sealingKey(key),
    new TextEncoder().encode(text),
  )
  return `${toBase64Url(iv)}.${toBase64Url(new Uint8Array(sealed))}`
}

async function unseal(sealed: string, key: string): Promise<string> {
  const [iv, data] = sealed.split('.').map((part) => fromBase64Url(part)!)
  const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: iv! }, await sealingKey(key), data!)
  return new TextDecoder().decode(text)
}
