import type { TableNames } from '../schema/schema.js'

/** The statements of the search. Each value is a `?`, in the order of its comment. */
export type SearchStatements = ReturnType<typeof toSearchStatements>

const order = 'order by at desc, session_id desc, seq desc limit ?'

export function toSearchStatements({ entries, words, searched }: TableNames) {
  const place = 'tenant_id = ? and session_id = ? and seq = ?'
  const isAfter = '(at, session_id, seq) < (?, ?, ?)'
  return {
    /** Tenant, session, seq: what `parseEntry` reads. */
    entry: `select * from ${entries} where ${place}`,
    /** Tenant, session, seq, then as `toRow` has them. */
    putEntry: `insert into ${entries} (tenant_id, session_id, seq, at, changes, incarnation, user_key, role, terms)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    /** Tenant, session, seq. */
    dropEntry: `delete from ${entries} where ${place}`,
    /** User or null, tenant, session, seq. */
    ownEntry: `update ${entries} set user_key = ? where ${place}`,
    /** Tenant, term, at, session, seq, user or null. */
    putWord: `insert or replace into ${words} (tenant_id, term, at, session_id, seq, user_key) values (?, ?, ?, ?, ?, ?)`,
    /** Tenant, term, at, session, seq. */
    dropWord: `delete from ${words} where tenant_id = ? and term = ? and at = ? and session_id = ? and seq = ?`,
    /** Tenant, session, the seqs between which to look, limit. */
    ofSession: `select * from ${entries} where tenant_id = ? and session_id = ? and seq > ? and seq <= ? order by seq limit ?`,
    /** Tenant, user, limit. */
    ofUser: `select * from ${entries} where tenant_id = ? and user_key = ? limit ?`,

    /** Tenant, term, limit: at most so many of it. */
    count: `select count(*) as count from (select 1 from ${words} where tenant_id = ? and term = ? limit ?)`,
    /** Tenant, the term after which to look, the one before which: the next one. */
    nextTerm: `select term from ${words} where tenant_id = ? and term > ? and term < ? order by term limit 1`,
    /** Tenant, term, at, session, seq, limit: at, session_id, seq, user_key, the newest first. */
    newestOfTerm: `select at, session_id, seq, user_key from ${words} where tenant_id = ? and term = ? and ${isAfter} ${order}`,
    /** Tenant, at, session, seq, limit: the newest first. */
    newest: `select * from ${entries} where tenant_id = ? and ${isAfter} ${order}`,
    /** Tenant, user, at, session, seq, limit: the newest first. */
    newestOfUser: `select * from ${entries} where tenant_id = ? and user_key = ? and ${isAfter} ${order}`,

    /** Tenant, session: incarnation. */
    end: `select incarnation from ${searched} where tenant_id = ? and session_id = ?`,
    /** Tenant, session, incarnation, deadline or null. */
    putEnd: `insert into ${searched} (tenant_id, session_id, incarnation, expires_at) values (?, ?, ?, ?)
      on conflict (tenant_id, session_id) do update set incarnation = excluded.incarnation, expires_at = excluded.expires_at`,
    /** Tenant, session, incarnation or null twice. */
    dropEnd: `delete from ${searched} where tenant_id = ? and session_id = ? and (? is null or incarnation = ?)`,
    /** Deadline or null, tenant, session, incarnation or null twice. */
    extend: `update ${searched} set expires_at = ? where tenant_id = ? and session_id = ? and (? is null or incarnation = ?)`,
    /** Tenant, before, limit. */
    ended: `select session_id, incarnation from ${searched} where tenant_id = ? and expires_at <= ? order by expires_at limit ?`,
  }
}
