import type { SearchedSession, SearchEntry, SearchIndex, SearchPlace } from '../../src/search.js'

type Row = SearchEntry & { user?: string | undefined }

const isAfter = (row: SearchPlace, { at, sessionId, seq }: SearchPlace): boolean =>
  row.at !== at ? row.at < at : row.sessionId !== sessionId ? row.sessionId < sessionId : row.seq < seq

const isOf =
  ({ sessionId, incarnation }: SearchedSession) =>
  (row: Row): boolean =>
    row.sessionId === sessionId && (incarnation === undefined || row.incarnation === incarnation)

/** An index that is a list: what others must answer as well. */
export function listIndex(): SearchIndex & { readonly rows: () => readonly Row[]; failing: boolean } {
  const tenants = new Map<string, Map<string, Row>>()
  const of = (tenantId: string) => {
    if (index.failing) throw new Error('away')
    if (!tenants.has(tenantId)) tenants.set(tenantId, new Map())
    return tenants.get(tenantId)!
  }
  const matching = (tenantId: string, is: (row: Row) => boolean) =>
    [...of(tenantId)].filter(([, row]) => is(row))
  const index = {
    failing: false,
    rows: () => [...tenants.values()].flatMap((rows) => [...rows.values()]),
    async put(tenantId: string, entries: readonly SearchEntry[]) {
      for (const entry of entries) {
        const ofEarlier = matching(
          tenantId,
          ({ sessionId, incarnation }) => sessionId === entry.sessionId && incarnation !== entry.incarnation,
        )
        for (const [key] of ofEarlier) of(tenantId).delete(key)
        const key = `${entry.sessionId} ${entry.seq}`
        const known = of(tenantId).get(key)
        const { at, changes } = entry
        const isLater = known !== undefined && (known.at > at || (known.at === at && known.changes > changes))
        if (known?.incarnation === entry.incarnation && isLater) continue
        of(tenantId).set(key, entry)
      }
    },
    async find({ tenantId, words, roles, from, to, user, sessionId, after, limit }) {
      return matching(
        tenantId,
        (row) =>
          (user === undefined || row.user === user) &&
          (sessionId === undefined || row.sessionId === sessionId) &&
          roles.includes(row.role) &&
          row.at >= from &&
          row.at < to &&
          (after === undefined || isAfter(row, after)) &&
          words.every(({ terms, prefix }) =>
            row.terms.some(
              ([term]) => terms.includes(term) || (prefix !== undefined && term.startsWith(prefix)),
            ),
          ),
      )
        .map(([, row]) => ({ ...row, score: 1 }))
        .toSorted((one, other) => (isAfter(one, other) ? 1 : -1))
        .slice(0, limit)
    },
    async own(tenantId, session, user) {
      for (const [key, row] of matching(tenantId, isOf(session))) of(tenantId).set(key, { ...row, user })
    },
    async drop(tenantId, session, throughSeq = Number.MAX_SAFE_INTEGER) {
      const gone = matching(tenantId, (row) => isOf(session)(row) && row.seq <= throughSeq)
      for (const [key] of gone) of(tenantId).delete(key)
    },
    async forget(tenantId, user) {
      const gone = matching(tenantId, (row) => row.user === user)
      for (const [key] of gone) of(tenantId).delete(key)
      return gone.length
    },
    async ended(tenantId, before, limit) {
      return matching(tenantId, ({ expiresAt }) => expiresAt !== undefined && expiresAt <= before)
        .slice(0, limit)
        .map(([, { sessionId, incarnation }]) => ({ sessionId, incarnation }))
    },
    async extend(tenantId, session, expiresAt) {
      for (const [key, row] of matching(tenantId, isOf(session))) of(tenantId).set(key, { ...row, expiresAt })
    },
  } satisfies SearchIndex & { rows: () => readonly Row[]; failing: boolean }
  return index
}
