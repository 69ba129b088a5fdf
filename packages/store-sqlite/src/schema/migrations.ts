import type { TableNames } from './schema.js'

/** One step from a version of the tables to the next. Published ones never change. */
export interface Migration {
  version: number
  /** One command each. */
  commands: (names: TableNames) => string[]
}

export const migrations: readonly Migration[] = [
  { version: 1, commands: createTables },
  { version: 2, commands: placeMessages },
  { version: 3, commands: createSearch },
  { version: 4, commands: indexLabels },
]

export const latestVersion = migrations.length

// decisions/026-sqlite-layout.md has the reasons for this layout.
function createTables({ prefix, sessions, bodies, messages, clock }: TableNames): string[] {
  return [
    `create table ${sessions} (
  skey integer primary key autoincrement,
  tenant_id text not null,
  id text not null,
  incarnation text not null,
  revision integer not null,
  changes integer not null,
  rewrites integer not null default 0,
  last_seq integer not null,
  trimmed_seq integer not null default 0,
  bytes integer not null default 0,
  created_at integer not null,
  updated_at integer not null,
  active_at integer not null,
  expires_at real,
  expires_minute integer,
  idle_ms integer,
  absolute_ms integer,
  user_id text,
  label text,
  title text,
  unique (tenant_id, id)
)`,
    `create index "${prefix}sessions_active" on ${sessions} (tenant_id, active_at desc, id)`,
    `create index "${prefix}sessions_user_active" on ${sessions} (tenant_id, user_id, active_at desc, id)
  where user_id is not null`,
    `create index "${prefix}sessions_expiry" on ${sessions} (expires_minute) where expires_minute is not null`,
    `create table ${bodies} (
  session_key integer primary key,
  body text not null
)`,
    `create table ${messages} (
  session_key integer not null,
  seq integer not null,
  at integer not null,
  id text not null,
  payload text not null,
  primary key (session_key, seq),
  unique (session_key, id)
) without rowid`,
    `create table ${clock} (
  one integer primary key check (one = 1),
  at integer not null
)`,
    `insert into ${clock} (one, at) values (1, 0)`,
  ]
}

// A row without a rowid is found by comparing whole rows, so each look-up would read the long payloads on its way.
function placeMessages({ prefix, messages }: TableNames): string[] {
  const before = `"${prefix}session_messages_1"`
  return [
    `alter table ${messages} rename to ${before}`,
    `create table ${messages} (
  place integer primary key,
  session_key integer not null,
  at integer not null,
  id text not null,
  payload text not null,
  unique (session_key, id)
)`,
    `insert into ${messages} (place, session_key, at, id, payload)
  select (session_key << 32) | seq, session_key, at, id, payload from ${before} order by session_key, seq`,
    `drop table ${before}`,
  ]
}

// Read backwards, an index of places in ascending order has the newest first.
function createSearch({ prefix, entries, words, searched }: TableNames): string[] {
  return [
    `create table ${entries} (
  tenant_id text not null,
  session_id text not null,
  seq integer not null,
  at integer not null,
  changes integer not null,
  incarnation text not null,
  user_key text,
  role text not null,
  terms text not null,
  unique (tenant_id, session_id, seq)
)`,
    `create index "${prefix}session_entries_at" on ${entries} (tenant_id, at, session_id, seq)`,
    `create index "${prefix}session_entries_user" on ${entries} (tenant_id, user_key, at, session_id, seq)
  where user_key is not null`,
    `create table ${words} (
  tenant_id text not null,
  term text not null,
  at integer not null,
  session_id text not null,
  seq integer not null,
  user_key text,
  primary key (tenant_id, term, at, session_id, seq)
) without rowid`,
    `create table ${searched} (
  tenant_id text not null,
  session_id text not null,
  incarnation text not null,
  expires_at integer,
  primary key (tenant_id, session_id)
) without rowid`,
    `create index "${prefix}session_searched_end" on ${searched} (tenant_id, expires_at) where expires_at is not null`,
  ]
}

// Each session has labels of its own for what is kept beside it.
function indexLabels({ prefix, sessions }: TableNames): string[] {
  return [
    // Whoever has a large file may have made it beforehand.
    `create index if not exists "${prefix}sessions_label_active" on ${sessions} (tenant_id, label, active_at desc, id)
  where label is not null`,
  ]
}
