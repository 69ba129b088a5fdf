import type { Service } from '../service/service.js'
import type { AuditLog } from './audit-log.js'
import type { Happening } from './caller.js'
import type { AuditOutcome } from './entry.js'

interface Waiting {
  readonly notes: (readonly [Happening, AuditOutcome])[]
  missed: number
}

// Of each service, until the audit is loaded: an entry has 1 KiB or less of its own.
const maxWaiting = 250
const loaded = new WeakMap<object, AuditLog>()
const waiting = new WeakMap<object, Waiting>()

/** The audit of a service, which is loaded with its first use; undefined where none is configured. */
export async function auditOf(service: Service): Promise<AuditLog | undefined> {
  const { audit } = service
  if (audit === undefined) return undefined
  const known = loaded.get(audit)
  if (known !== undefined) return known
  const { auditLogOf } = await import('../later/records.js')
  const log = auditLogOf(service)!
  loaded.set(audit, log)
  const { notes = [], missed = 0 } = waiting.get(audit) ?? {}
  waiting.delete(audit)
  if (missed > 0) log.missed(missed)
  for (const [happening, outcome] of notes) log.note(happening, outcome)
  return log
}

/** Notes something that nobody waits for: see `AuditLog.note`. */
export function noteAudit(service: Service, happening: Happening, outcome: AuditOutcome): void {
  const { audit } = service
  if (audit === undefined) return
  const log = loaded.get(audit)
  if (log !== undefined) return log.note(happening, outcome)
  const held = waiting.get(audit) ?? { notes: [], missed: 0 }
  waiting.set(audit, held)
  if (held.notes.length < maxWaiting) held.notes.push([happening, outcome])
  else held.missed++
  auditOf(service).catch((cause: unknown) => {
    service.warn({ code: 'audit_failed', message: 'The audit could not be loaded.', cause })
  })
}
