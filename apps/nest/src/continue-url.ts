import type { SessionRef } from '@sessions/core'
import { marketplace } from './merchants.js'

/**
 * Says which page redeems a session's transfers, on the public address of the gateway: never what a request says of
 * its host. A merchant's own says whose it is, for a credential is good in its tenant alone.
 *
 * @throws for an address that is none.
 */
export function continueUrls(publicUrl: string): (session: Pick<SessionRef, 'tenantId'>) => string {
  if (!/^https?:\/\/[^/?#@]+(?:\/[^?#]*)?$/.test(publicUrl)) throw new Error(`${publicUrl} is no public URL`)
  const page = `${publicUrl.replace(/\/$/, '')}/continue`
  return ({ tenantId }) => (tenantId === marketplace ? page : `${page}?shop=${encodeURIComponent(tenantId)}`)
}
