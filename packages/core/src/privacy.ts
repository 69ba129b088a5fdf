/**
 * The types of consent, retention and erasure, for code that names them.
 *
 * @packageDocumentation
 */
export type { ConsentChange, ConsentDecision, ConsentPurpose, Consents } from './domain/consent.js'
export type { EraseOptions } from './privacy/erase.js'
export type { ErasureReceipt, ErasureStatus } from './domain/erasure.js'
export type { ConsentOutcome } from './privacy/consent.js'
export type { CallerConsent, SessionsConsent } from './privacy/consent-handles.js'
export type { CallerMemory, OpenOptions } from './privacy/caller-memory.js'
export type { UserFact } from './domain/user-fact.js'
export type { OrdersOptions, PlacedOrder } from './session/earlier-orders.js'
export type { RememberArguments, RememberOptions } from './session/remember.js'
export type { SessionsPrivacy } from './privacy/sessions-privacy.js'
export type { Tenants } from './service/each-tenant.js'
export type { SweepSettings } from './privacy/sweep.js'
export type {
  ConsentSettings,
  EraseHook,
  PrivacySettings,
  RetentionSettings,
  WithdrawHook,
} from './service/settings.js'
export type { TenantUser } from './service/user-record.js'
