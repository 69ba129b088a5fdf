/**
 * The types of the record of who did what, and what keeps the upkeep of keys in it.
 *
 * @packageDocumentation
 */
export { type AuditedKeys, auditedKeys } from './audit/audited-keys.js'
export type { AuditActor, AuditDetail, AuditEntry, AuditInput, AuditOutcome } from './audit/entry.js'
export type { AuditQuery } from './audit/audit-query.js'
export type { SessionsAudit } from './audit/sessions-audit.js'
export type { AuditProblem, AuditVerdict, VerifyAuditOptions } from './audit/verify.js'
export type { SessionEventOf, SuspicionReason } from './domain/events.js'
export type { AuditCheckpoint, AuditSettings, SuspicionSettings } from './service/settings.js'
