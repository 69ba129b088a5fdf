import { type Kysely, type RawBuilder, sql } from 'kysely'
import { compile, createQueryBuilder, type NamedStatement, param } from './query-builder.js'
import type { SessionTables, TableNames } from './schema.js'
import { isLive, nowMs } from './sql-clock.js'
import { recordOf } from './statements.js'

/** Which of its many forms a list takes: an index serves each only when what is absent is not mentioned. */
export interface ListForm {
  user: boolean
  label: boolean
  cursor: boolean
}

/** What is not on the path of every request. */
export interface ColdStatements {
  /** Locks a session: `live` or `gone`, its record, its key. */
  lock: NamedStatement<'tenant' | 'id'>
  /** Those of the ids that are stored: id, seq, at, payload. */
  find: NamedStatement<'tenant' | 'key' | 'ids'>
  /** Deletes a session: its key, and whether it was live. */
  removeSession: NamedStatement<'tenant' | 'id' | 'incarnation'>
  removeMessages: NamedStatement<'tenant' | 'key'>
  /** Moves what is trimmed: key, and up to which seq. */
  trimSession: NamedStatement<'tenant' | 'id' | 'seq' | 'incarnation'>
  /** How many there were. */
  trimMessages: NamedStatement<'tenant' | 'key' | 'seq'>
  /** Each seq that was there. */
  amend: NamedStatement<'tenant' | 'id' | 'seqs' | 'payloads' | 'incarnation'>
  /** The record, then seq, id, at, payload; one row of nulls when the page is empty. */
  page: Record<'asc' | 'desc', NamedStatement<'tenant' | 'id' | 'after' | 'before' | 'limit'>>
  /** Locks expired sessions that nobody else has: tenant, id, key. */
  expired: NamedStatement<'limit'>
  sweepMessages: NamedStatement<'tenants' | 'keys'>
  /** How many there were. */
  sweepSessions: NamedStatement<'tenants' | 'ids'>
  /** Tenant-wide pages: id, then the record. */
  list: (form: ListForm) => NamedStatement<'tenant' | 'user' | 'label' | 'activeAt' | 'afterId' | 'limit'>
}

const tenant = param<string>('tenant', 'text')
const id = param<string>('id', 'text')
const key = param<string>('key', 'bigint')
const seq = param<number>('seq', 'bigint')
const incarnation = param<string | null>('incarnation', 'text')
// Of the incarnation that is asked for, or of any when none is.
const isMeant = sql<boolean>`(${incarnation} is null or t.incarnation = ${incarnation})`
const live = sql.raw<boolean>(isLive('t'))
const now = sql.raw<number>(nowMs)
const record = sql.raw<string>(recordOf('t')).as('record')

export function toColdStatements(names: TableNames): ColdStatements {
  const db = createQueryBuilder(names)
  const lists = new Map<string, ReturnType<ColdStatements['list']>>()
  return {
    lock: compile(
      'lock',
      db
        .selectFrom('sessions as t')
        .select(sql<string>`case when ${live} then 'live' else 'gone' end`.as('state'))
        .select([record, 't.skey'])
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .forUpdate(),
    ),
    find: compile(
      'find',
      db
        .selectFrom('session_messages as m')
        .select(['m.id', 'm.seq', 'm.at', 'm.payload'])
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key)
        .where('m.id', '=', anyOf(param('ids', 'text[]'))),
    ),
    removeSession: compile(
      'remove_session',
      db
        .deleteFrom('sessions as t')
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(isMeant)
        .returning(['t.skey', live.as('live')]),
    ),
    removeMessages: compile(
      'remove_messages',
      db
        .deleteFrom('session_messages as m')
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key),
    ),
    trimSession: compile(
      'trim_session',
      db
        .updateTable('sessions as t')
        .set({ trimmed_seq: sql`least(${seq}, t.last_seq)` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(live)
        .where(isMeant)
        .where('t.trimmed_seq', '<', sql<number>`least(${seq}, t.last_seq)`)
        .returning(['t.skey', 't.trimmed_seq']),
    ),
    trimMessages: compile('trim_messages', trimMessages(db)),
    amend: compile(
      'amend',
      db
        .updateTable('session_messages as m')
        .from('sessions as t')
        .from(
          unnest<{ seq: number; payload: string }>('given(seq, payload)', 'seqs:bigint[]', 'payloads:text[]'),
        )
        .set({ payload: sql<string>`given.payload` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(live)
        .where(isMeant)
        .where('m.tenant_id', '=', tenant)
        .whereRef('m.session_key', '=', 't.skey')
        .where('m.seq', '=', sql<number>`given.seq`)
        .returning('m.seq'),
    ),
    page: { asc: compile('page_asc', page(db, 'asc')), desc: compile('page_desc', page(db, 'desc')) },
    expired: compile(
      'expired',
      db
        .selectFrom('sessions as t')
        .select(['t.tenant_id', 't.id', 't.skey'])
        .where('t.expires_bucket', '<=', sql<number>`(${now} / 3600000)::integer`)
        .where('t.expires_at', '<=', now)
        .orderBy('t.expires_bucket')
        .limit(param<number>('limit', 'bigint'))
        .forUpdate()
        .skipLocked(),
    ),
    sweepMessages: compile(
      'sweep_messages',
      db
        .deleteFrom('session_messages as m')
        .using(
          unnest<{ tenant: string; key: string }>('given(tenant, key)', 'tenants:text[]', 'keys:bigint[]'),
        )
        .where('m.tenant_id', '=', sql<string>`given.tenant`)
        .where('m.session_key', '=', sql<string>`given.key`),
    ),
    sweepSessions: compile(
      'sweep_sessions',
      db
        .with('gone', (db) =>
          db
            .deleteFrom('sessions as t')
            .using(
              unnest<{ tenant: string; id: string }>('given(tenant, id)', 'tenants:text[]', 'ids:text[]'),
            )
            .where('t.tenant_id', '=', sql<string>`given.tenant`)
            .where('t.id', '=', sql<string>`given.id`)
            .returning('t.skey'),
        )
        .selectFrom('gone')
        .select(sql<number>`count(*)`.as('count')),
    ),
    list(form) {
      const verb = ['list', form.user && 'user', form.label && 'label', form.cursor && 'on']
        .filter(Boolean)
        .join('_')
      let statement = lists.get(verb)
      if (statement === undefined) lists.set(verb, (statement = compile(verb, list(db, form))))
      return statement
    },
  }
}

function trimMessages(db: Kysely<SessionTables>) {
  return db
    .with('gone', (db) =>
      db
        .deleteFrom('session_messages as m')
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key)
        .where('m.seq', '<=', seq)
        .returning('m.seq'),
    )
    .selectFrom('gone')
    .select(sql<number>`count(*)`.as('count'))
}

function page(db: Kysely<SessionTables>, order: 'asc' | 'desc') {
  return db
    .selectFrom('sessions as t')
    .leftJoinLateral(
      (db) =>
        db
          .selectFrom('session_messages as m')
          .select(['m.seq', 'm.id', 'm.at', 'm.payload'])
          .where('m.tenant_id', '=', tenant)
          .whereRef('m.session_key', '=', 't.skey')
          .where('m.seq', '>', param<number>('after', 'bigint'))
          .where('m.seq', '<', param<number>('before', 'bigint'))
          .whereRef('m.seq', '>', 't.trimmed_seq')
          .orderBy('m.seq', order)
          .limit(param<number>('limit', 'bigint'))
          .as('m'),
      (join) => join.onTrue(),
    )
    .select([record, 'm.seq', 'm.id', 'm.at', 'm.payload'])
    .where('t.tenant_id', '=', tenant)
    .where('t.id', '=', id)
    .where(live)
    .orderBy('m.seq', order)
}

function list(db: Kysely<SessionTables>, { user, label, cursor }: ListForm) {
  const activeAt = param<number>('activeAt', 'bigint')
  return db
    .selectFrom('sessions as t')
    .select(['t.id', record])
    .where('t.tenant_id', '=', tenant)
    .where(live)
    .$if(user, (query) => query.where('t.user_id', '=', param<string>('user', 'text')))
    .$if(label, (query) => query.where('t.label', '=', param<string>('label', 'text')))
    .$if(cursor, (query) =>
      // The first bound is where the index is entered; the second leaves out what the last page had of that moment.
      query
        .where('t.active_at', '<=', activeAt)
        .where((is) =>
          is.or([is('t.active_at', '<', activeAt), is('t.id', '>', param<string>('afterId', 'text'))]),
        ),
    )
    .orderBy('t.active_at', 'desc')
    .orderBy('t.id')
    .limit(param<number>('limit', 'bigint'))
}

function anyOf(values: RawBuilder<string[]>): RawBuilder<string> {
  return sql<string>`any(${values})`
}

/** Arrays side by side as a table: `alias` says its name and columns, each of `arrays` the name and type of one. */
function unnest<Columns>(alias: string, ...arrays: string[]) {
  const params = arrays.map((array) => {
    const [name, type] = array.split(':') as [string, string]
    return param(name, type)
  })
  return sql<Columns>`unnest(${sql.join(params)})`.as<'given'>(sql.raw(alias))
}
