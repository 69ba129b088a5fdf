import { expect, it } from 'vitest'
import { noteAudit } from '../../src/audit/note.js'
import type { AuditEntry } from '../../src/audit.js'
import { serviceOf } from '../../src/sessions.js'
import { service } from '../service.js'

it('holds some notes until it is loaded, and tells how many more there were', async () => {
  const sessions = service({ audit: { secrets: ['s'.repeat(32)] } })
  const happening = { tenantId: 'acme', actor: 'anonymous', action: 'read.denied' } as const
  for (let index = 0; index < 300; index++) {
    noteAudit(serviceOf(sessions), { ...happening, sessionId: `s${index}` }, 'refused')
  }
  // Closed at once: what was held is written all the same.
  await sessions.close()
  const entries: AuditEntry[] = []
  const later = service({
    store: serviceOf(sessions).store,
    audit: { secrets: ['s'.repeat(32)] },
    credentialSecrets: ['c'.repeat(32)],
  })
  for await (const entry of later.audit.list({ tenantId: 'acme' })) entries.push(entry)
  expect(new Set(entries.map(({ sessionId }) => sessionId)).size).toBe(entries.length)
  const dropped = sessions.events.flatMap((event) => (event.type === 'audit.dropped' ? [event.count] : []))
  expect(dropped).toEqual([300 - entries.length])
  expect(entries.length).toBeGreaterThan(200)
})
