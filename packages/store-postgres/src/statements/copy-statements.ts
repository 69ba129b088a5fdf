import { named, type NamedStatement } from '../connection/named-statement.js'
import type { TableNames } from '../schema/schema.js'
import { hourOf, nowMs } from '../schema/sql-clock.js'

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
  /**
   * A message of a session that was made a moment ago. There is one where the sequence of the keys is behind its rows: the
   * end of the session would delete what is another's.
   */
  strangers: NamedStatement<'tenant' | 'key'>
  /** Adds messages of a copy. */
  extendCopy: NamedStatement<'tenant' | 'key' | 'seqs' | 'ats' | 'ids' | 'payloads'>
  /** Keeps a copy for another hour, and notes the seq up to which it has come. */
  keepCopy: NamedStatement<'tenant' | 'hiddenId' | 'seq'>
  /** Makes a complete copy the session. */
  endCopy: NamedStatement<CopyParam | 'id' | 'seq' | 'expiresAt' | 'hiddenId'>
}

const copied = {
  incarnation: ':incarnation::text',
  revision: ':revision::bigint',
  changes: ':changes::bigint',
  trimmed_seq: ':trimmed::integer',
  bytes: ':bytes::bigint',
  idle_ms: ':idle::bigint',
  absolute_ms: ':absolute::bigint',
  created_at: ':createdAt::bigint',
  updated_at: ':updatedAt::bigint',
  active_at: ':activeAt::bigint',
  user_id: ':user::text',
  label: ':label::text',
  title: ':title::text',
  body: ':body::text',
}
// The row is past its deadline, so that nobody sees it. A sweep does not look for it within the hour.
const keptAnHour = { expires_at: '1', expires_bucket: `(${nowMs} / 3600000)::integer + 2` }

export function copyStatements({ sessions, messages }: TableNames): CopyStatements {
  const begun = {
    ...copied,
    id: ':hiddenId::text',
    tenant_id: ':tenant::text',
    last_seq: copied.trimmed_seq,
    ...keptAnHour,
  }
  const hidden = 't.tenant_id = :tenant::text and t.id = :hiddenId::text'
  return {
    beginCopy: named(
      'begin_copy',
      `insert into ${sessions} (${Object.keys(begun).join(', ')})
      values (${Object.values(begun).join(', ')})
      returning skey::text as skey`,
    ),
    strangers: named(
      'strangers',
      `select m.seq::text as seq from ${messages} as m
      where m.tenant_id = :tenant::text and m.session_key = :key::bigint limit 1`,
    ),
    extendCopy: named(
      'extend_copy',
      `insert into ${messages} (tenant_id, session_key, seq, at, id, payload)
      select :tenant::text as tenant_id, :key::bigint as session_key,
        given.seq, given.at, given.id, given.payload
      from unnest(:seqs::integer[], :ats::bigint[], :ids::text[], :payloads::text[])
        as given(seq, at, id, payload)`,
    ),
    keepCopy: named(
      'keep_copy',
      `update ${sessions} as t set ${assignments({ last_seq: ':seq::bigint', ...keptAnHour })}
      where ${hidden}`,
    ),
    endCopy: named(
      'end_copy',
      `update ${sessions} as t
      set ${assignments({
        ...copied,
        id: ':id::text',
        last_seq: ':seq::bigint',
        expires_at: ':expiresAt::bigint',
        expires_bucket: hourOf(':expiresAt::bigint'),
      })}
      where ${hidden}`,
    ),
  }
}

/** Columns and what they are set to, as `set` takes them. */
export function assignments(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([column, value]) => `${column} = ${value}`)
    .join(', ')
}
