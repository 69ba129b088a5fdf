import type { SessionRecord } from '../contract/session-record.js'
import { SessionError } from '../errors.js'
import { type Identity, isAdmin, isByRole } from '../domain/identity.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'

/** @throws `forbidden` when nothing but the role of an admin opens the session, and admins may not read. */
export function checkAdminReads(live: LiveSession): void {
  if (isUnread(live)) throw unread()
}

/** Whether nothing but the role of an admin opens the session, and admins may not read. */
export function isUnread({ service, identity, record, holdsCredential }: LiveSession): boolean {
  return isByRole(identity, record, holdsCredential) && !service.adminReads(record.tenantId)
}

/** @throws `forbidden` when an admin asks for the sessions of others, and admins may not read. */
export function checkAdminExport(service: Service, identity: Identity, of?: string): void {
  const { tenantId, userId } = identity
  const isOwn = userId !== undefined && userId === of
  if (!isOwn && isAdmin(identity) && !service.adminReads(tenantId)) throw unread()
}

/** The record of a listed session, without its title where an admin may not read it. */
export function listedRecord(service: Service, identity: Identity, record: SessionRecord): SessionRecord {
  const isUnread = isByRole(identity, record, false) && !service.adminReads(record.tenantId)
  return isUnread ? withoutTitle(record) : record
}

/** A title is content: it is often made of the first message. */
export function withoutTitle(record: SessionRecord): SessionRecord {
  const { title: _, ...shown } = record
  return shown
}

/** Verbs of a session that show nothing of its contents. */
export const sessionWrites = [
  'append',
  'cancel',
  'currentTurn',
  'delete',
  'denyTransfer',
  'edit',
  'extend',
  'pseudonym',
  'reset',
  'revokeTransfer',
  'store',
] as const

/** Verbs of a session that go on after they have returned. */
export const sessionStreams = ['turn', 'watch', 'subscribe', 'watchTurn', 'export'] as const

/**
 * Has all verbs of a class refuse an admin who may not read, but for those that are named. Call it before `takeCalls`.
 *
 * @param writes Verbs that show nothing of the contents.
 */
export function refuseAdminReads<Handle extends object>(
  prototype: Handle,
  liveOf: (handle: Handle) => LiveSession,
  writes: readonly (keyof Handle)[] = [],
): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const verb: unknown = descriptor.value
    if (name === 'constructor' || typeof verb !== 'function' || writes.includes(name as keyof Handle))
      continue
    const { [name]: checked } = {
      [name](this: Handle, ...args: unknown[]): unknown {
        checkAdminReads(liveOf(this))
        return verb.apply(this, args)
      },
    }
    Object.defineProperty(prototype, name, { ...descriptor, value: checked })
  }
}

function unread(): SessionError {
  return new SessionError('forbidden', 'An admin may not read what is in the sessions of others.')
}
