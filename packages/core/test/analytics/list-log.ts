import { countFacts } from '../../src/analytics/count-facts.js'
import type { AnalyticsLog, KeptFacts } from '../../src/store.js'

/** Keeps facts in a list. */
export function listLog(): AnalyticsLog & { readonly kept: () => readonly KeptFacts[] } {
  const tenants = new Map<string, Map<string, KeptFacts>>()
  const of = (tenantId: string) => {
    const known = tenants.get(tenantId) ?? new Map<string, KeptFacts>()
    tenants.set(tenantId, known)
    return known
  }
  const counts = ({ tenantId, from, to }: { tenantId: string; from: number; to: number }) => {
    const all = [...of(tenantId).values()].filter(({ createdAt }) => createdAt < to)
    const silent = all.filter(({ facts, createdAt }) => facts === undefined && createdAt >= from)
    return countFacts(
      all.flatMap(({ facts }) => facts ?? []),
      silent.length,
    )
  }
  return {
    kept: () => [...tenants.values()].flatMap((all) => [...all.values()]),
    put: async (tenantId, kept) => {
      for (const one of kept)
        if ((of(tenantId).get(one.key)?.changes ?? 0) <= one.changes) of(tenantId).set(one.key, one)
    },
    forget: async (tenantId, unit) => {
      const theirs = [...of(tenantId).values()].filter(({ facts }) => facts?.unit === unit)
      for (const { key } of theirs) of(tenantId).delete(key)
      return theirs.length
    },
    prune: async (tenantId, before, limit) => {
      const old = [...of(tenantId).values()].filter(({ createdAt }) => createdAt < before).slice(0, limit)
      for (const { key } of old) of(tenantId).delete(key)
      return old.length
    },
    groups: async (span, ...others) => counts(span).groups(span, ...others),
    sums: async (span) => counts(span).sums(span),
    cohorts: async (span) => counts(span).cohorts(span),
  }
}
