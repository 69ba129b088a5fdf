import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'

const context = useServer()
const hour = 3_600_000

test.each([{}, { statements: 'portable' }] as const)(
  'a session without a deadline is left out of the index of deadlines: %o',
  async (options) => {
    const pool = context.pools.open(await migrated(context.server))
    const store = postgresStore(pool, { ...patient.store, ...options })
    const buckets = async () => {
      const { rows } = await pool.query<{ id: string; bucket: number | null }>(
        'select id, expires_bucket as bucket from llm_sessions order by id',
      )
      return rows.map(({ id, bucket }) => [id, bucket])
    }
    const at = (id: string) => ({ tenantId: 'acme', id })
    await store.commit(at('endless'), { revision: 0, body: '{}', messages: [{ id: 'm1', payload: '1' }] })
    await store.commit(at('endless'), { messages: [{ id: 'm2', payload: '2' }] })
    const { record } = await store.commit(at('ending'), { revision: 0, idleMs: 5 * hour })
    await store.restore(at('restored'), (await store.read(at('endless'), { tail: 2 }))!)
    expect(await buckets()).toEqual([
      ['ending', Math.floor(record.expiresAt! / hour)],
      ['endless', null],
      ['restored', null],
    ])
  },
)
