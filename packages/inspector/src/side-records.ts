import type { SessionRecord } from '@sessions/core'
import { sideRecordTenant } from '@sessions/core/sealed'
import type { Look } from './options.js'

/** What is kept beside a session, by its kind. */
export interface BesideSession {
  readonly kind: string
  readonly records: number
  readonly bytes: number
  /** There are more, which were not counted. */
  readonly isMore: boolean
}

const kinds = ['turns', 'requests', 'transfers', 'budgets'] as const
const mostRecords = 50

/** How much is kept beside a session. Sizes are those of bodies and messages, without what a store adds. */
export async function besideSession(
  { store }: Look,
  { tenantId, id, incarnation }: SessionRecord,
): Promise<readonly BesideSession[]> {
  if (store === undefined) return []
  return Promise.all(
    kinds.map(async (kind) => {
      // A turn and a transfer name the incarnation of their session, the others its id.
      const label = kind === 'turns' || kind === 'transfers' ? incarnation : id
      const query = { tenantId: sideRecordTenant(kind, tenantId), label, limit: mostRecords }
      const { items, cursor } = await store.list(query)
      const read = await Promise.all(items.map((item) => store.read(item)))
      const bytes = read.reduce(
        (sum, stored) =>
          sum + (stored === undefined ? 0 : Buffer.byteLength(stored.body) + stored.record.bytes),
        0,
      )
      return { kind, records: items.length, bytes, isMore: cursor !== undefined }
    }),
  )
}
