import { type Kysely, sql } from 'kysely'
import { compile, type NamedStatement, param, text, unnest } from './query-builder.js'
import type { SessionTables } from './schema.js'
import { nowMs } from './sql-clock.js'

/** The fields of a copy. */
type CopyParam =
  | 'tenant'
  | 'incarnation'
  | 'revision'
  | 'changes'
  | 'trimmed'
  | 'bytes'
  | 'idle'
  | 'absolute'
  | 'createdAt'
  | 'updatedAt'
  | 'activeAt'
  | 'user'
  | 'label'
  | 'title'
  | 'body'

/** The statements that store a session from another store. */
export interface CopyStatements {
  /** Keeps a copy whose parts are still to come, under an id that nobody can ask for: its key. */
  beginCopy: NamedStatement<CopyParam | 'hiddenId'>
  /** Adds messages of a copy. */
  extendCopy: NamedStatement<'tenant' | 'key' | 'seqs' | 'ats' | 'ids' | 'payloads'>
  /** Keeps a copy for another hour, and notes the seq up to which it has come. */
  keepCopy: NamedStatement<'tenant' | 'hiddenId' | 'seq'>
  /** Makes a complete copy the session. */
  endCopy: NamedStatement<CopyParam | 'id' | 'seq' | 'expiresAt' | 'hiddenId'>
}

const tenant = param<string>('tenant', 'text')
const id = param<string>('id', 'text')
const key = param<string>('key', 'bigint')
const seq = param<number>('seq', 'bigint')
const now = sql.raw<number>(nowMs)
const hiddenId = param<string>('hiddenId', 'text')
const expiresAt = param<number | null>('expiresAt', 'bigint')
const copied = {
  incarnation: param<string>('incarnation', 'text'),
  revision: param<number>('revision', 'bigint'),
  changes: param<number>('changes', 'bigint'),
  trimmed_seq: param<number>('trimmed', 'integer'),
  bytes: param<number>('bytes', 'bigint'),
  idle_ms: param<number | null>('idle', 'bigint'),
  absolute_ms: param<number | null>('absolute', 'bigint'),
  created_at: param<number>('createdAt', 'bigint'),
  updated_at: param<number>('updatedAt', 'bigint'),
  active_at: param<number>('activeAt', 'bigint'),
  user_id: param<string | null>('user', 'text'),
  label: param<string | null>('label', 'text'),
  title: param<string | null>('title', 'text'),
  body: param<string>('body', 'text'),
}
// The row is past its deadline, so that nobody sees it. A sweep does not look for it within the hour.
const keptAnHour = { expires_at: 1, expires_bucket: sql<number>`(${now} / 3600000)::integer + 2` }

export function copyStatements(db: Kysely<SessionTables<''>>): CopyStatements {
  return {
    beginCopy: compile(
      'begin_copy',
      db
        .insertInto('sessions')
        .values({ ...copied, id: hiddenId, tenant_id: tenant, last_seq: copied.trimmed_seq, ...keptAnHour })
        .returning(text('skey').as('skey')),
    ),
    extendCopy: compile(
      'extend_copy',
      db
        .insertInto('session_messages')
        .columns(['tenant_id', 'session_key', 'seq', 'at', 'id', 'payload'])
        .expression((db) =>
          db
            .selectFrom(
              unnest<{ seq: number; at: number; id: string; payload: string }>(
                'given(seq, at, id, payload)',
                'seqs:integer[]',
                'ats:bigint[]',
                'ids:text[]',
                'payloads:text[]',
              ),
            )
            .select([tenant.as('tenant_id'), key.as('session_key')])
            .select(['given.seq', 'given.at', 'given.id', 'given.payload']),
        ),
    ),
    keepCopy: compile(
      'keep_copy',
      db
        .updateTable('sessions as t')
        .set({ last_seq: seq, ...keptAnHour })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', hiddenId),
    ),
    endCopy: compile(
      'end_copy',
      db
        .updateTable('sessions as t')
        .set({
          ...copied,
          id,
          last_seq: seq,
          expires_at: expiresAt,
          expires_bucket: sql<number>`least(${expiresAt} / 3600000, 2147483647)::integer`,
        })
        .where('t.tenant_id', '=', tenant)
        .where('t.id', '=', hiddenId),
    ),
  }
}
