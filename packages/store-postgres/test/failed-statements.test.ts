import { isSessionError } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { as, createAppRole, migrated, patient, useServer } from './databases.js'
import { message, NotedStore } from './noted-store.js'
import { noteStatements } from './sent-statements.js'

const context = useServer()
const noted = new NotedStore(context)

const codeOf = (error: unknown): string => {
  if (!isSessionError(error)) throw error
  return error.code
}

describe('what does not come about', () => {
  const codesOf = (calls: readonly Promise<unknown>[]) =>
    Promise.all(calls.map((call) => call.then(() => 'done', codeOf)))

  test('is told of every call of a statement, which is not made again by each', async () => {
    noted.begin()
    for (const table of ['llm_session_messages', 'llm_sessions']) {
      // The connections are there, so that no call waits for one until its time is over.
      await Promise.all([1, 2, 3].map(() => noted.pool.query('select pg_sleep(0.01)')))
      const holder = await noted.pool.connect()
      try {
        await holder.query(`begin; lock table ${table} in access exclusive mode`)
        noted.rest({ readTimeoutMs: 1000, writeTimeoutMs: 1000 })
        const refs = [1, 2, 3].map((n) => noted.ref(n))
        const appended = codesOf(refs.map((ref) => noted.append(ref, ['a'])))
        if (table === 'llm_sessions') {
          const read = await codesOf(refs.map((ref) => noted.store.read(ref)))
          expect(read).toEqual(Array(3).fill('unavailable'))
          const reads = noted.verbs.filter((verb) => verb.startsWith('read'))
          expect(reads.sort()).toEqual(['read', 'read_many'])
        }
        expect(await appended).toEqual(Array(3).fill('unknown_outcome'))
        const appends = noted.verbs.filter((verb) => verb.startsWith('append'))
        expect(appends.sort()).toEqual(['append_many', 'append_one'])
      } finally {
        holder.release(true)
      }
    }
  })

  test('is not tried in steps where the tables are missing', async () => {
    const empty = context.pools.open(await context.server.createDatabase())
    const other = noteStatements(empty)
    const bare = postgresStore(empty)
    const failed = { code: 'store_failed' }
    const place = { tenantId: 'acme', id: 'one' }
    await expect(bare.commit(place, { messages: [message('m1')] })).rejects.toMatchObject(failed)
    await expect(bare.commit(place, { revision: 0 })).rejects.toMatchObject(failed)
    expect(other.verbs).toEqual(['append_one', 'create'])
  })

  test('is tried five times while others get in between', async () => {
    const contended = context.pools.open(await migrated(context.server))
    await contended.query(`create function nothing() returns trigger language plpgsql as $$ begin return null; end $$;
      create function twice() returns trigger language plpgsql as
        $$ begin raise exception 'there is one' using errcode = '23505'; end $$;
      create trigger other before insert on llm_sessions for each row execute function nothing()`)
    const other = noteStatements(contended)
    const busy = { code: 'unavailable', message: 'the session is too contended' }
    const place = { tenantId: 'acme', id: 'one' }
    const create = { revision: 0, messages: [message('m1')] } as const
    for (const [statements, verb] of [
      ['combined', 'create'],
      ['portable', 'portable_create'],
    ] as const) {
      other.verbs = []
      const made = postgresStore(contended, { ...patient.store, statements }).commit(place, create)
      await expect(made).rejects.toMatchObject(busy)
      expect(other.verbs.filter((sent) => sent === 'begin')).toHaveLength(5)
      expect(other.verbs.filter((sent) => sent === verb)).toHaveLength(statements === 'combined' ? 6 : 5)
    }
    await contended.query(`drop trigger other on llm_sessions;
      create trigger other before insert on llm_sessions for each row execute function twice()`)
    noted.begin()
    await noted.append(noted.ref(1), ['m1'], { revision: 0 })
    const copy = (await noted.store.read(noted.ref(1), { tail: 1 }))!
    other.verbs = []
    await expect(postgresStore(contended, patient.store).restore(place, copy)).rejects.toMatchObject(busy)
    expect(other.verbs.filter((sent) => sent === 'rollback')).toHaveLength(5)
  })

  test('in a new session, where a message stands in it twice, is what has no room', async () => {
    noted.begin()
    const twice = { revision: 0, messages: [message('m1', 'xx'), message('m1', 'xx')] }
    const codes = [{ maxSeq: 0 }, { maxBytes: 1 }, { maxSeq: 1, maxBytes: 2 }].map((bounds, n) =>
      noted.store.commit(noted.ref(n), { ...twice, ...bounds }),
    )
    expect(await codesOf(codes)).toEqual(['limit_reached', 'too_large', 'done'])
    expect((await noted.store.read(noted.ref(2)))!.record).toMatchObject({ lastSeq: 1, bytes: 2 })
  })
})

describe('with row-level security', () => {
  test('a statement is about one tenant', async () => {
    const url = await migrated(context.server, { rls: 'sessions.tenant' })
    await createAppRole(context.pools.open(url), 'verbs_app')
    const secured = context.pools.open(as('verbs_app', url), patient.pool)
    const other = noteStatements(secured)
    const open = () => {
      other.verbs = []
      return postgresStore(secured, { ...patient.store, rls: 'sessions.tenant' })
    }
    const sentOf = (pattern: RegExp) => other.verbs.filter((verb) => pattern.test(verb)).sort()
    const refs = ['a', 'a', 'b', 'a', 'b'].map((tenantId, n) => ({ tenantId, id: `session ${n}` }))
    const made = open()
    for (const ref of refs) await made.commit(ref, { revision: 0 })
    const appending = open()
    const appended = await Promise.all(
      refs.map((ref) => appending.commit(ref, { messages: [message('m1')], idleMs: 0 })),
    )
    expect(appended.map(({ record }) => record.lastSeq)).toEqual([1, 1, 1, 1, 1])
    expect(sentOf(/^append/)).toEqual(['append_many', 'append_many', 'append_one'])
    const reading = open()
    for (const ref of refs) await reading.commit(ref, { revision: 0, body: ref.tenantId })
    const rested = open()
    const bodies = await Promise.all(refs.map((ref) => rested.read(ref)))
    expect(bodies.map((stored) => stored?.body)).toEqual(['a', 'a', 'b', 'a', 'b'])
    expect(sentOf(/^read/)).toEqual(['read', 'read_many', 'read_many'])
    for (const ref of refs) await rested.commit(ref, { idleMs: 0 })
    other.verbs = []
    expect(await rested.sweep({ limit: 100 })).toBe(5)
    expect(sentOf(/^(expired|sweep)/)).toEqual([
      'expired',
      'expired',
      'sweep_messages',
      'sweep_messages',
      'sweep_sessions',
      'sweep_sessions',
    ])
  })
})
