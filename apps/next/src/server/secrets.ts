import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * The secrets for signing: `SESSION_SECRETS`, separated by commas; the first signs, all verify. Without it one is made
 * for the life of the process. It is in the environment, the only place that all bundles of an application share.
 */
export function secrets(): readonly string[] {
  if (!process.env['SESSION_SECRETS']) {
    process.env['SESSION_SECRETS'] = randomBytes(32).toString('base64url')
    console.warn(
      'SESSION_SECRETS is missing. One is made for this process: when it ends, all guests lose their conversations.',
    )
  }
  return process.env['SESSION_SECRETS'].split(',').filter((secret) => secret !== '')
}

/** The text with its signature, valid for this purpose alone. */
export function sign(purpose: string, text: string): string {
  return `${text}.${digest(secrets()[0]!, purpose, text).toString('base64url')}`
}

/** The text, if this application signed it for this purpose. */
export function verify(purpose: string, signed: string): string | undefined {
  const end = signed.lastIndexOf('.')
  if (end === -1 || signed.length > 500) return undefined
  const text = signed.slice(0, end)
  const given = Buffer.from(signed.slice(end + 1), 'base64url')
  const isOurs = secrets().some((secret) => {
    const right = digest(secret, purpose, text)
    return right.length === given.length && timingSafeEqual(right, given)
  })
  return isOurs ? text : undefined
}

function digest(secret: string, purpose: string, text: string): Buffer {
  return createHmac('sha256', secret).update(`chat ${purpose} ${text}`).digest()
}
