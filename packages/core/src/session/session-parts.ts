import type { SessionSnapshot } from '../service/session-snapshot.js'

/** The parts of a session that an update may name. */
export type SessionPart =
  /** New messages, each of which was told before. */
  | 'messages'
  /** Earlier messages: some may have been redacted, amended, annotated or dropped, or another branch is active. */
  | 'history'
  | 'cart'
  | 'orders'
  | 'state'
  | 'preferences'
  | 'facts'
  | 'summaries'
  | 'branches'
  | 'transfers'
  | 'usage'
  /** The running turn. */
  | 'turn'
  | 'title'
  | 'label'
  | 'lifetime'
  | 'owner'

type Reading = (snapshot: SessionSnapshot) => unknown

const readings: Readonly<Record<Exclude<SessionPart, 'history'>, Reading>> = {
  messages: ({ record }) => record.lastSeq,
  cart: ({ body }) => body.cart,
  orders: ({ body }) => body.orders,
  state: ({ body }) => body.state,
  preferences: ({ body }) => body.preferences,
  facts: ({ body }) => body.facts,
  summaries: ({ body }) => body.summaries,
  branches: ({ body }) => body.branches,
  transfers: ({ body }) => body.transfers,
  usage: ({ body }) => body.usage,
  turn: ({ body }) => body.turn?.id,
  title: ({ record }) => record.title,
  label: ({ record }) => record.label,
  lifetime: ({ record }) => record.lifetime,
  owner: ({ record }) => record.userId,
}

const names = Object.keys(readings) as (keyof typeof readings)[]

/** Every part. */
export const allParts: readonly SessionPart[] = [...names, 'history']

/** The parts in which two snapshots of a session differ, or may differ. */
export function changedParts(before: SessionSnapshot, after: SessionSnapshot): readonly SessionPart[] {
  const changed: SessionPart[] = names.filter((name) => {
    const read = readings[name]
    return JSON.stringify(read(before)) !== JSON.stringify(read(after))
  })
  return mayHistoryDiffer(before, after) ? [...changed, 'history'] : changed
}

function mayHistoryDiffer(before: SessionSnapshot, after: SessionSnapshot): boolean {
  const [was, is] = [before.record, after.record]
  if (was.trimmedSeq !== is.trimmedSeq || before.body.edits !== after.body.edits) return true
  if (JSON.stringify(before.body.path) !== JSON.stringify(after.body.path)) return true
  // Each commit of the body moves the revision. Of what else has changed, one commit alone shows in its message or its
  // time, and of more nobody knows whether one of them replaced a message.
  const others = is.changes - was.changes - (is.revision - was.revision)
  if (others !== 1 || is.revision !== was.revision) return others > 0
  return is.lastSeq === was.lastSeq && is.updatedAt === was.updatedAt
}
