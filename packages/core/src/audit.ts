/**
 * The types of the record of who did what, and what keeps the upkeep of keys in it.
 *
 * @packageDocumentation
 */
export { type AuditedKeys, auditedKeys } from './audit/audited-keys.js'
export type { AuditActor, AuditDetail, AuditEntry, AuditInput, AuditOutcome } from './audit/entry.js'
export type { AuditQuery } from './audit/list.js'
export type { SessionsAudit, VerifyAuditOptions } from './audit/sessions-audit.js'
export type { AuditProblem, AuditVerdict } from './audit/verify.js'
export type { SessionEventOf, SuspicionReason } from './domain/events.js'
export type { AuditCheckpoint, AuditSettings, SuspicionSettings } from './service/settings.js'
