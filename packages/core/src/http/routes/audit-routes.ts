import { recordOf } from '../../audit/access.js'
import type { AuditEntry } from '../../audit/entry.js'
import { type Identity, isAdmin } from '../../domain/identity.js'
import { SessionError } from '../../errors.js'
import { fromBase64Url, toBase64Url } from '../../ids.js'
import { type ListSeal, openCursor, sealCursor } from '../../service/list-cursor.js'
import type { Service } from '../../service/service.js'
import { toIso } from '../../time.js'
import { toMoment } from '../moment.js'
import { type Route, route } from '../route.js'
import * as schemas from './audit-schemas.js'

type Place = Pick<AuditEntry, 'at' | 'lane' | 'seq'>

/** What admins may see of the audit of their tenant. */
export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/audit',
    operation: 'listAudit',
    summary: 'The audit of the tenant, the oldest entries first; for admins',
    query: schemas.auditQuery,
    response: schemas.auditPage,
    async handle({ api, mine: { identity }, query }) {
      checkAdmin(identity)
      await recordOf(api.service, identity, { action: 'admin.audit' })
      const { limit, cursor, ...chosen } = query
      const { from, to, actor, subject, ...same } = chosen
      const seal: ListSeal = ['audit cursor', JSON.stringify([identity.tenantId, chosen])]
      const entries = api.sessions.audit.list({
        ...withoutUndefined(same),
        tenantId: identity.tenantId,
        ...(from === undefined ? {} : { from: toMoment(from) }),
        ...(to === undefined ? {} : { to: toMoment(to) }),
        ...(actor === undefined ? {} : { actor: { userId: actor } }),
        ...(subject === undefined ? {} : { subject: { userId: subject } }),
        ...(cursor === undefined ? {} : { after: await parseCursor(api.service, seal, cursor) }),
      })
      const items: AuditEntry[] = []
      for await (const entry of entries) if (items.push(entry) > limit) break
      const hasMore = items.length > limit
      const shown = items.slice(0, limit)
      const next = hasMore ? { nextCursor: await toCursor(api.service, seal, shown.at(-1)!) } : {}
      return {
        body: { audit: { items: shown.map((entry) => ({ ...entry, at: toIso(entry.at) })), ...next } },
      }
    },
  }),
]

/** @throws `unauthenticated`, `forbidden` */
function checkAdmin(identity: Identity): void {
  if (isAdmin(identity)) return
  if (identity.userId === undefined) throw new SessionError('unauthenticated', 'Sign in first.')
  throw new SessionError('forbidden', 'Only an admin may see the audit.')
}

async function toCursor(service: Service, seal: ListSeal, { at, lane, seq }: Place): Promise<string> {
  return sealCursor(service, seal, toBase64Url(new TextEncoder().encode(JSON.stringify({ at, lane, seq }))))
}

/** @throws `invalid` for a cursor that was not made for this list. */
async function parseCursor(service: Service, seal: ListSeal, cursor: string): Promise<Place> {
  const text = await openCursor(service, seal, cursor)
  return JSON.parse(new TextDecoder().decode(fromBase64Url(text))) as Place
}

function withoutUndefined<T extends object>(given: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never
}
