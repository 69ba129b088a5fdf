import { type Kysely, type RawBuilder, sql } from 'kysely'
import { maxPageBytes } from '@sessions/core/store'
import { compile, createQueryBuilder, type NamedStatement, param, text, unnest } from './query-builder.js'
import { type CopyStatements, copyStatements } from './copy-statements.js'
import type { SessionTables, TableNames } from './schema.js'
import { isLive, nowMs } from './sql-clock.js'
import { recordOf } from './statements.js'

/**
 * The form of a list. A list has many forms, because an index serves each of them only when the text names no absent
 * filter.
 */
export interface ListForm {
  user: boolean
  label: boolean
  cursor: boolean
}

/** The statements that not every request needs. */
export interface ColdStatements extends CopyStatements {
  /** Locks a session: `live` or `gone`, its record, its key. */
  lock: NamedStatement<'tenant' | 'id'>
  /** The messages of those ids that are stored: id, seq, at, payload. */
  find: NamedStatement<'tenant' | 'key' | 'ids'>
  /** Deletes a session of at most so many messages: its key, and whether it was live. */
  removeSession: NamedStatement<'tenant' | 'id' | 'incarnation' | 'changes' | 'most'>
  /** Makes a session absent, under an id that nobody can ask for: its key, and whether it was live. */
  bury: NamedStatement<'tenant' | 'id' | 'incarnation' | 'changes' | 'hiddenId'>
  removeMessages: NamedStatement<'tenant' | 'key'>
  /** The last seq that one step may drop, and the newest seq; no row when there are no messages up to `seq`. */
  stepEnd: NamedStatement<'tenant' | 'id' | 'seq' | 'incarnation'>
  /** Moves `trimmed_seq`, for a session past its deadline too when it may be `dead`: key, and the new `trimmed_seq`. */
  trimSession: NamedStatement<'tenant' | 'id' | 'seq' | 'incarnation' | 'changes' | 'dead'>
  /** How many messages there were. */
  trimMessages: NamedStatement<'tenant' | 'id' | 'key' | 'seq'>
  /** The seq of each message that was there. */
  amend: NamedStatement<'tenant' | 'id' | 'seqs' | 'payloads' | 'incarnation' | 'changes'>
  /**
   * The record, then seq, id, at, payload, and whether the message is over what the page holds; one row of nulls when
   * the page is empty.
   */
  page: Record<'asc' | 'desc', NamedStatement<'tenant' | 'id' | 'after' | 'before' | 'limit'>>
  /** Locks expired sessions that no other transaction holds: tenant, id, key, incarnation, how many messages it has. */
  expired: NamedStatement<'limit'>
  sweepMessages: NamedStatement<'tenants' | 'keys'>
  /** How many sessions there were. */
  sweepSessions: NamedStatement<'tenants' | 'ids'>
  /** Tenant-wide pages: id, then the record. */
  list: (form: ListForm) => NamedStatement<'tenant' | 'user' | 'label' | 'activeAt' | 'afterId' | 'limit'>
}

// One transaction may delete so much: it then holds its locks, and the server, for a moment only.
const maxStepMessages = 5000
const maxStepBytes = 8 * maxPageBytes

const tenant = param<string>('tenant', 'text')
const id = param<string>('id', 'text')
const key = param<string>('key', 'bigint')
const seq = param<number>('seq', 'bigint')
const incarnation = param<string | null>('incarnation', 'text')
// Whether the session is of the wanted incarnation; null means any.
const isMeant = sql<boolean>`(${incarnation} is null or t.incarnation = ${incarnation})`
const isUnchanged = sql<boolean>`(${param('changes', 'bigint')} is null or t.changes = ${param('changes', 'bigint')})`
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
        .select([record, text('t.skey').as('skey')])
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .forUpdate(),
    ),
    find: compile(
      'find',
      db
        .selectFrom('session_messages as m')
        .select(['m.id', text('m.seq').as('seq'), text('m.at').as('at'), 'm.payload'])
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
        .where(isUnchanged)
        .where(sql<boolean>`coalesce(t.last_seq - t.trimmed_seq, 0) <= ${param('most', 'bigint')}`)
        .returning([text('t.skey').as('skey'), sql<string>`${live}::text`.as('live')]),
    ),
    removeMessages: compile(
      'remove_messages',
      db
        .deleteFrom('session_messages as m')
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key),
    ),
    bury: compile(
      'bury',
      db
        .updateTable('sessions as t')
        .set({ id: param<string>('hiddenId', 'text'), expires_at: 1, expires_bucket: 0 })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(isMeant)
        .where(isUnchanged)
        .where(live)
        .returning(text('t.skey').as('skey')),
    ),
    stepEnd: compile('step_end', stepEnd(db)),
    trimSession: compile(
      'trim_session',
      db
        .updateTable('sessions as t')
        .set({ trimmed_seq: sql`least(${seq}, t.last_seq)`, changes: sql`t.changes + 1` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(sql<boolean>`(${live} or ${param('dead', 'boolean')})`)
        .where(isMeant)
        .where(isUnchanged)
        .where('t.trimmed_seq', '<', sql<number>`least(${seq}, t.last_seq)`)
        .returning([text('t.skey').as('skey'), text('t.trimmed_seq').as('trimmed_seq')]),
    ),
    trimMessages: compile('trim_messages', trimMessages(db)),
    amend: compile('amend', amend(db)),
    ...copyStatements(db),
    page: { asc: compile('page_asc', page(db, 'asc')), desc: compile('page_desc', page(db, 'desc')) },
    expired: compile(
      'expired',
      db
        .selectFrom('sessions as t')
        .select(['t.tenant_id', 't.id', text('t.skey').as('skey'), 't.incarnation'])
        .select(sql<string>`(t.last_seq - t.trimmed_seq)::text`.as('count'))
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
        .select(sql<string>`count(*)::text`.as('count')),
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

// The statement takes the session first, as every write does, so that no two writes wait for each other.
function amend(db: Kysely<SessionTables<''>>) {
  const given = () =>
    unnest<{ seq: number; payload: string }>('given(seq, payload)', 'seqs:bigint[]', 'payloads:text[]')
  return db
    .with('s', (db) =>
      db
        .updateTable('sessions as t')
        .set((is) => ({
          changes: sql`t.changes + 1`,
          bytes: sql`t.bytes + ${is
            .selectFrom('session_messages as m')
            .innerJoin(given(), (join) => join.on(sql<boolean>`m.seq = given.seq`))
            .select(sql`coalesce(sum(octet_length(given.payload) - octet_length(m.payload)), 0)`.as('grown'))
            .where('m.tenant_id', '=', tenant)
            .whereRef('m.session_key', '=', 't.skey')}`,
        }))
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .where(live)
        .where(isMeant)
        .where(isUnchanged)
        .where((is) =>
          is.exists(
            is
              .selectFrom('session_messages as m')
              .innerJoin(given(), (join) => join.on(sql<boolean>`m.seq = given.seq`))
              .where('m.tenant_id', '=', tenant)
              .whereRef('m.session_key', '=', 't.skey'),
          ),
        )
        .returning('t.skey'),
    )
    .with('a', (db) =>
      db
        .updateTable('session_messages as m')
        .from('s')
        .from(given())
        .set({ payload: sql<string>`given.payload` })
        .where('m.tenant_id', '=', tenant)
        .whereRef('m.session_key', '=', 's.skey')
        .where('m.seq', '=', sql<number>`given.seq`)
        .returning(text('m.seq').as('seq')),
    )
    .selectFrom('a')
    .select('a.seq')
}

function trimMessages(db: Kysely<SessionTables<''>>) {
  return db
    .with('gone', (db) =>
      db
        .deleteFrom('session_messages as m')
        .where('m.tenant_id', '=', tenant)
        .where('m.session_key', '=', key)
        .where('m.seq', '<=', seq)
        .returning(sql<number>`octet_length(m.payload)`.as('size')),
    )
    .with('s', (db) =>
      db
        .updateTable('sessions as t')
        .set({ bytes: sql`greatest(t.bytes - (select coalesce(sum(size), 0) from gone), 0)` })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', id)
        .returning('t.skey'),
    )
    .selectFrom('gone')
    .select(sql<string>`count(*)::text`.as('count'))
}

// Where a page is cut by bytes, the next message comes without its payload. So the store can tell a cut page from a gap
// in the log. `octet_length` does not fetch a long payload, and the server never fetches a payload that is left out.
function page(db: Kysely<SessionTables<''>>, order: 'asc' | 'desc') {
  const isOver = sql`(m.bytes > ${sql.lit(maxPageBytes)} and m.n > 1)`
  const soFar = sql`(order by m.seq ${sql.raw(order)} rows unbounded preceding)`
  return db
    .selectFrom('sessions as t')
    .leftJoinLateral(
      (db) =>
        db
          .selectFrom('session_messages as m')
          .select(['m.seq', 'm.id', 'm.at', 'm.payload'])
          .select(sql<number>`octet_length(m.payload)`.as('size'))
          .select(sql<number>`sum(octet_length(m.payload)) over ${soFar}`.as('bytes'))
          .select(sql<number>`row_number() over ${soFar}`.as('n'))
          .where('m.tenant_id', '=', tenant)
          .whereRef('m.session_key', '=', 't.skey')
          .where('m.seq', '>', param<number>('after', 'bigint'))
          .where('m.seq', '<', param<number>('before', 'bigint'))
          .whereRef('m.seq', '>', 't.trimmed_seq')
          .orderBy('m.seq', order)
          .limit(param<number>('limit', 'bigint'))
          .as('m'),
      (join) => join.on(sql<boolean>`(m.bytes - m.size <= ${sql.lit(maxPageBytes)} or m.n <= 2)`),
    )
    .select([record, text('m.seq').as('seq'), 'm.id', text('m.at').as('at')])
    .select(sql<string | null>`case when not ${isOver} then m.payload end`.as('payload'))
    .select(sql<string>`(${isOver})::text`.as('over'))
    .where('t.tenant_id', '=', tenant)
    .where('t.id', '=', id)
    .where(live)
    .orderBy('m.seq', order)
}

// The oldest messages that one step may drop: the statement gives the seq of the last of them, and the last seq there
// is.
function stepEnd(db: Kysely<SessionTables<''>>) {
  const soFar = sql`(order by m.seq rows unbounded preceding)`
  return db
    .selectFrom('sessions as t')
    .innerJoinLateral(
      (db) =>
        db
          .selectFrom('session_messages as m')
          .select('m.seq')
          .select(sql<number>`sum(octet_length(m.payload)) over ${soFar}`.as('bytes'))
          .select(sql<number>`row_number() over ${soFar}`.as('n'))
          .where('m.tenant_id', '=', tenant)
          .whereRef('m.session_key', '=', 't.skey')
          .whereRef('m.seq', '>', 't.trimmed_seq')
          .where('m.seq', '<=', seq)
          .orderBy('m.seq')
          .limit(maxStepMessages)
          .as('m'),
      (join) => join.on(sql<boolean>`(m.bytes <= ${sql.lit(maxStepBytes)} or m.n = 1)`),
    )
    .select([
      sql<string>`max(m.seq)::text`.as('through'),
      sql<string>`coalesce(t.last_seq, 0)::text`.as('last'),
    ])
    .where('t.tenant_id', '=', tenant)
    .where('t.id', '=', id)
    .where(isMeant)
    .groupBy('t.last_seq')
}

function list(db: Kysely<SessionTables<''>>, { user, label, cursor }: ListForm) {
  const activeAt = param<number>('activeAt', 'bigint')
  return db
    .selectFrom('sessions as t')
    .select(['t.id', record])
    .where('t.tenant_id', '=', tenant)
    .where(live)
    .$if(user, (query) => query.where('t.user_id', '=', param<string>('user', 'text')))
    .$if(label, (query) => query.where('t.label', '=', param<string>('label', 'text')))
    .$if(cursor, (query) =>
      // The first bound leads into the index; the second leaves out the sessions of that moment that the last page had.
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
