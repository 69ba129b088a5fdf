import { recordOf } from '../../audit/access.js'
import type { AuditEntry } from '../../audit/entry.js'
import { type Identity, isAdmin } from '../../domain/identity.js'
import { SessionError } from '../../errors.js'
import { fromBase64Url, toBase64Url } from '../../ids.js'
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
      const { limit, cursor, from, to, actor, subject, ...same } = query
      const entries = api.sessions.audit.list({
        ...withoutUndefined(same),
        tenantId: identity.tenantId,
        ...(from === undefined ? {} : { from: toMoment(from) }),
        ...(to === undefined ? {} : { to: toMoment(to) }),
        ...(actor === undefined ? {} : { actor: { userId: actor } }),
        ...(subject === undefined ? {} : { subject: { userId: subject } }),
        ...(cursor === undefined ? {} : { after: parseCursor(cursor) }),
      })
      const items: AuditEntry[] = []
      for await (const entry of entries) if (items.push(entry) > limit) break
      const hasMore = items.length > limit
      const shown = items.slice(0, limit)
      const next = hasMore ? { nextCursor: toCursor(shown.at(-1)!) } : {}
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

function toCursor({ at, lane, seq }: Place): string {
  return toBase64Url(new TextEncoder().encode(`${at} ${seq} ${lane}`))
}

/** @throws `invalid` */
function parseCursor(cursor: string): Place {
  const text = new TextDecoder().decode(fromBase64Url(cursor) ?? new Uint8Array())
  const [, at, seq, lane] = /^(\d{1,15}) (\d{1,15}) (\S{1,200})$/.exec(text) ?? []
  if (lane === undefined)
    throw new SessionError('invalid', 'cursor does not belong to this list', { path: 'cursor' })
  return { at: Number(at), seq: Number(seq), lane }
}

function withoutUndefined<T extends object>(given: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never
}
