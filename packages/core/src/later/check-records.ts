import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { pricesOf } from '../usage/prices.js'

const minSecretLength = 32

/**
 * Checks the settings of what a service keeps beside its sessions, when the service is made: what keeps it is loaded
 * later.
 *
 * @param credentialSecrets Those of the options (default: none).
 * @throws `invalid`
 */
export function checkRecords(service: Service, credentialSecrets: readonly string[] = []): void {
  const { search, usage, analytics, audit } = service
  if (search !== undefined) {
    checkLasting(service, 'what stands for users is kept by it')
    if (typeof search.index?.find !== 'function')
      throw new SessionError('invalid', 'search.index has no find', { path: 'search.index' })
  }
  if (usage !== undefined) pricesOf(service)
  if (analytics?.log !== undefined) {
    checkLasting(service, 'what stands for users is kept by it')
    if (typeof analytics.log.put !== 'function')
      throw new SessionError('invalid', 'analytics.log has no put', { path: 'analytics.log' })
  }
  if (audit !== undefined) {
    checkLasting(service, 'the audit finds users by it')
    checkAuditSecrets(audit.secrets, credentialSecrets)
  }
}

function checkLasting({ hasLastingSecrets }: Service, why: string): void {
  if (hasLastingSecrets) return
  const path = 'credentialSecrets'
  throw new SessionError('invalid', `${path} is missing: ${why}`, { path })
}

function checkAuditSecrets(
  secrets: readonly unknown[] | undefined,
  credentialSecrets: readonly unknown[],
): void {
  if (!Array.isArray(secrets) || secrets.length === 0)
    throw new SessionError('invalid', 'audit.secrets is empty', { path: 'audit.secrets' })
  for (const [index, secret] of (secrets as readonly unknown[]).entries()) {
    const path = `audit.secrets[${index}]`
    if (typeof secret !== 'string' || new TextEncoder().encode(secret).length < minSecretLength)
      throw new SessionError('invalid', `${path} is shorter than ${minSecretLength} bytes`, { path })
    // Whoever can sign credentials could sign the record of what was done with them.
    if (credentialSecrets.includes(secret))
      throw new SessionError('invalid', `${path} is one of credentialSecrets: take another one`, { path })
  }
}
