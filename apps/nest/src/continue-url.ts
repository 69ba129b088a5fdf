import type { SessionRef } from '@sessions/core'
import { marketplace } from './merchants.js'

/**
 * The page that redeems a session's transfers, on the public address of the gateway: it never comes from the host of a
 * request. For a merchant's tenant the page names the merchant, because a credential is valid in its tenant alone.
 *
 * @throws for a wrong address.
 */
export function continueUrls(publicUrl: string): (session: Pick<SessionRef, 'tenantId'>) => string {
  if (!/^https?:\/\/[^/?#@]+(?:\/[^?#]*)?$/.test(publicUrl)) throw new Error(`${publicUrl} is no public URL`)
  const page = `${publicUrl.replace(/\/$/, '')}/continue`
  return ({ tenantId }) => (tenantId === marketplace ? page : `${page}?shop=${encodeURIComponent(tenantId)}`)
}
