import { expect } from 'vitest'
import { postgresStore } from '../src/index.js'
import { as, createAppRole, migrated, type useServer } from './databases.js'

export const options = { rls: 'app.tenant' } as const

/** A database with policies, and how a role without any rights of its own comes to it. */
export async function secured(context: ReturnType<typeof useServer>, role: string) {
  const url = await migrated(context.server, options)
  const owner = context.pools.open(url)
  await createAppRole(owner, role)
  return { owner, url: as(role, url) }
}

/** Two tenants take turns on one connection, with errors in between. */
export async function useInTurns(context: ReturnType<typeof useServer>, rounds: number): Promise<void> {
  const { url } = await secured(context, 'one_connection')
  const pool = context.pools.open(url, { max: 1 })
  const store = postgresStore(pool, options)
  const tenants = ['acme', "o'hare\\"]
  for (const tenantId of tenants) {
    await store.commit({ tenantId, id: 'own' }, { revision: 0, body: tenantId })
    await store.commit({ tenantId, id: 'same' }, { revision: 0, body: tenantId })
  }
  for (let round = 0; round < rounds; round++) {
    for (const tenantId of tenants) {
      const same = { tenantId, id: 'same' }
      const failing = [
        () => store.commit(same, { revision: 99, body: 'x' }),
        () => store.commit({ tenantId, id: 'none' }, {}),
        () => pool.query('select 1 / 0'),
        () => store.messages({ tenantId, id: 'none' }, { limit: 1 }),
      ][round % 4]!
      await expect(failing()).rejects.toThrow()
      const { messages } = await store.commit(same, { messages: [{ id: `m${round}`, payload: tenantId }] })
      expect(messages[0]?.seq).toBe(round + 1)
      const stored = await store.read(same, { tail: 2 })
      expect(stored?.body).toBe(tenantId)
      expect(new Set(stored?.messages.map(({ payload }) => payload))).toEqual(new Set([tenantId]))
    }
    const seen = await pool.query(
      "select current_setting('app.tenant', true) as tenant, count(*) from llm_sessions",
    )
    expect([null, '']).toContain(seen.rows[0].tenant)
    expect(seen.rows[0].count).toBe('0')
  }
  for (const tenantId of tenants) {
    const { items } = await store.list({ tenantId, limit: 10 })
    expect(items.map((item) => item.tenantId)).toEqual([tenantId, tenantId])
  }
}
