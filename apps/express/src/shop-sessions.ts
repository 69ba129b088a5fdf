import { randomBytes } from 'node:crypto'
import { createSessions, type Sessions } from '@sessions/core'
import type { OpenStore } from './open-store.js'

const hourMs = 3_600_000

/**
 * The service of the shop: it asks shoppers for consent.
 *
 * @param secrets Sign credentials (default: one made at start, but none in production, where the service says that they
 * are missing).
 */
export function createShopSessions(
  { store, bus, reads }: Pick<OpenStore, 'store' | 'bus' | 'reads'>,
  secrets: readonly string[] = madeSecrets(),
): Sessions {
  return createSessions({
    store,
    ...(bus === undefined ? {} : { bus }),
    ...(reads === undefined ? {} : { reads }),
    // As in the guide.
    ttl: { idleMs: 24 * hourMs, historyMs: 2 * hourMs },
    consent: {},
    // What stands for shoppers in the usage is kept by the secrets.
    ...(secrets.length === 0 ? {} : { credentialSecrets: secrets, usage: {} }),
  })
}

function madeSecrets(): readonly string[] {
  return process.env['NODE_ENV'] === 'production' ? [] : [randomBytes(32).toString('base64url')]
}
