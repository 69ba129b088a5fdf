import { unitSeparator } from '@sessions/core/store'
import type { TableNames } from './schema/schema.js'

/** The statements of the store. Each value is a `?`, in the order of its comment. */
export type Statements = ReturnType<typeof toStatements>

// In the order of `parseStoredRecord`.
const required = [
  'incarnation',
  'revision',
  'changes',
  'last_seq',
  'trimmed_seq',
  'bytes',
  'created_at',
  'updated_at',
  'active_at',
]
// A real number would lose its last digits as a text.
const optional = ['cast(expires_at as integer)', 'idle_ms', 'absolute_ms', 'user_id', 'label', 'title']

/** The record of a session as one text. A value that is null and must not be makes all of it null. */
export const recordText = [...required, ...optional.map((column) => `coalesce(${column}, '')`)].join(
  ` || '${unitSeparator}' || `,
)

// The columns that `parseFound` and `isLive` read. No other table has columns of these names.
const columns = `skey, rewrites, expires_at, ${recordText} as record`

/** The highest seq that a message may have: `place` has 32 bits for it. */
export const maxSeq = 2 ** 32 - 1

// The place of a message in its table: the key of its session, then its seq. All messages of a session stand together.
const place = '((? << 32) | ?)'
const seq = `place & ${maxSeq}`

export function toStatements({ sessions, bodies, messages }: TableNames) {
  const withBody = `from ${sessions} s left join ${bodies} b on b.session_key = s.skey where s.tenant_id = ? and s.id = ?`
  return {
    /** Tenant, id. */
    find: `select ${columns} from ${sessions} where tenant_id = ? and id = ?`,
    /** Tenant, id: what a guard compares, too, when the record may be unreadable. */
    findMeant: `select ${columns}, incarnation, changes from ${sessions} where tenant_id = ? and id = ?`,
    /** Tenant, id. */
    read: `select ${columns}, b.body ${withBody}`,
    /** How many messages, tenant, id: the session, and how many bytes its newest messages take. */
    readTail: `select ${columns}, b.body, (select sum(octet_length(m.payload)) from ${messages} m
      where m.place > ((s.skey << 32) | max(0, s.last_seq - ?)) and m.place <= ((s.skey << 32) | s.last_seq)) as tail_bytes ${withBody}`,
    /** Key. */
    rewrites: `select rewrites from ${sessions} where skey = ?`,

    /** Tenant, id, incarnation, three times now, then the columns as they stand. */
    insertSession: `insert into ${sessions} (tenant_id, id, incarnation, created_at, updated_at, active_at, changes,
      revision, last_seq, bytes, expires_at, expires_minute, idle_ms, absolute_ms, user_id, label, title)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning skey`,
    /** Nothing that is indexed: last seq, bytes, changes, updated at, revision, expires at, key. */
    touchSession: `update ${sessions} set last_seq = ?, bytes = ?, changes = ?, updated_at = ?, revision = ?, expires_at = ?
      where skey = ?`,
    /** As `touchSession`, of a session that has changed so often and has not expired: changes as they were, now. */
    touchKnown: `update ${sessions} set last_seq = ?, bytes = ?, changes = ?, updated_at = ?, revision = ?, expires_at = ?
      where skey = ? and changes = ? and (expires_at is null or expires_at > ?)`,
    /**
     * As `touchSession` up to the deadline, then active at, minute of the deadline, own lifetime, user, label, title,
     * key.
     */
    changeSession: `update ${sessions} set last_seq = ?, bytes = ?, changes = ?, updated_at = ?, revision = ?,
      expires_at = ?, active_at = ?, expires_minute = ?, idle_ms = ?, absolute_ms = ?, user_id = ?, label = ?, title = ? where skey = ?`,
    /** Changes, rewrites, trimmed seq, bytes, key. */
    rewriteSession: `update ${sessions} set changes = ?, rewrites = ?, trimmed_seq = ?, bytes = ? where skey = ?`,
    /** Puts it past its deadline, under another id: that id, key. */
    bury: `update ${sessions} set id = ?, expires_at = 1, expires_minute = 0 where skey = ?`,
    /** Key. */
    deleteSession: `delete from ${sessions} where skey = ?`,

    /** Key, body. */
    putBody: `insert into ${bodies} (session_key, body) values (?, ?)
      on conflict (session_key) do update set body = excluded.body`,
    /** Key. */
    deleteBody: `delete from ${bodies} where session_key = ?`,

    /** Key, seq, key, at, id, payload. */
    insertMessage: `insert into ${messages} (place, session_key, at, id, payload) values (${place}, ?, ?, ?, ?)`,
    /** The first byte, how many bytes, key, seq: a message with a part of its payload. */
    slice: `select id, at, substr(cast(payload as blob), ?, ?) as slice from ${messages} where place = ${place}`,
    /** Payload, key, id: the message of that id, and whether that is its payload. */
    findMessage: `select ${seq} as seq, at, payload = ? as is_same from ${messages} where session_key = ? and id = ?`,
    /** Key, seq: how many bytes its payload takes. */
    sizeOf: `select octet_length(payload) as bytes from ${messages} where place = ${place}`,
    /** Payload, key, seq. */
    amend: `update ${messages} set payload = ? where place = ${place}`,
    /** Key, the first seq, key, the last seq, how many at most: seq and bytes of each. */
    sizes: {
      asc: `select ${seq} as seq, octet_length(payload) as bytes from ${messages}
        where place between ${place} and ${place} order by place limit ?`,
      desc: `select ${seq} as seq, octet_length(payload) as bytes from ${messages}
        where place between ${place} and ${place} order by place desc limit ?`,
    },
    /**
     * Key, the first seq, key, the last seq: how many messages there are, and all of them as one text, which
     * `parseEntries` reads.
     */
    messages: `select count(*) as count, group_concat(entry, char(30)) as entries from (
      select id || char(31) || at || char(31) || payload as entry from ${messages}
      where place between ${place} and ${place} order by place)`,
    /** Key, the first seq, key, the last seq. */
    deleteMessages: `delete from ${messages} where place between ${place} and ${place}`,

    /** This minute, now, how many at most. */
    expired: `select skey, id from ${sessions} where expires_minute <= ? and expires_at <= ? order by expires_minute limit ?`,

    /** Tenant, hidden id, then as a copy has them: see `Restorer`. */
    beginCopy: `insert into ${sessions} (tenant_id, id, incarnation, revision, changes, last_seq, trimmed_seq, bytes,
      created_at, updated_at, active_at, expires_at, expires_minute, idle_ms, absolute_ms, user_id, label, title)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?) returning skey`,
    /** Last seq, the minute to which it is kept, key. */
    keepCopy: `update ${sessions} set last_seq = ?, expires_minute = ? where skey = ?`,
    /** Id, revision, bytes, its times, deadline and its minute, lifetime, names, key. */
    endCopy: `update ${sessions} set id = ?, revision = ?, bytes = ?, created_at = ?, updated_at = ?, active_at = ?,
      expires_at = ?, expires_minute = ?, idle_ms = ?, absolute_ms = ?, user_id = ?, label = ?, title = ? where skey = ?`,
  }
}
