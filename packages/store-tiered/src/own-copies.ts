import type { Amendment, SessionChange, SessionCopy, SessionRef } from '@sessions/core/store'

// The caller may go on with what it gave, while the shared cache is asked before the store gets it.

export function ownRef({ tenantId, id }: SessionRef): SessionRef {
  return { tenantId, id }
}

export function ownChange(change: SessionChange): SessionChange {
  const { messages, lifetime } = change
  return {
    ...change,
    ...(messages === undefined ? {} : { messages: ownList(messages) }),
    ...(lifetime === undefined ? {} : { lifetime: { ...lifetime } }),
  }
}

export function ownAmendments(amendments: readonly Amendment[]): Amendment[] {
  return ownList(amendments)
}

export function ownCopy(copy: SessionCopy): SessionCopy {
  const { record, messages } = copy
  const lifetime = record.lifetime === undefined ? {} : { lifetime: { ...record.lifetime } }
  return { ...copy, record: { ...record, ...lifetime }, messages: ownList(messages) }
}

function ownList<T extends object>(list: readonly T[]): T[] {
  return list.map((item) => ({ ...item }))
}
