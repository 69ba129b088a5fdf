import { createPostgresPool } from '@sessions/store-postgres'
import type { Appended, Contender, Standing } from '../contender.js'
import { absoluteMs, body, idleMs, incarnation, nextMessage, tenantId } from '../workload.js'

// The hour of the deadline is indexed, so that a sweep can find expired sessions; it moves once an hour at most.
const schema = `
create table if not exists raw_sessions (
  skey bigint generated always as identity,
  tenant_id text collate "C" not null, id text collate "C" not null, incarnation text collate "C" not null,
  revision bigint not null, changes bigint not null, last_seq integer not null, bytes bigint not null,
  created_at bigint not null, updated_at bigint not null, active_at bigint not null, expires_at bigint,
  expires_bucket integer, body text not null,
  primary key (tenant_id, id)) with (fillfactor = 90);
create index if not exists raw_sessions_expiry on raw_sessions (expires_bucket) where expires_bucket is not null;
create table if not exists raw_messages (
  tenant_id text collate "C" not null, skey bigint not null, seq integer not null, at bigint not null,
  id text collate "C" not null, payload text not null,
  primary key (tenant_id, skey, seq), unique (tenant_id, skey, id))`

const standingColumns = 'last_seq, revision, changes, bytes, created_at, updated_at, active_at, expires_at'

const now = `(extract(epoch from statement_timestamp()) * 1000)::bigint`

// Everything in one statement: the statement that locks the session's row gives the next seq, and a known id makes the
// whole statement fail.
const append = {
  name: 'raw_append',
  text: `
with s as (
  update raw_sessions set last_seq = last_seq + 1, changes = changes + 1, bytes = bytes + octet_length($7), updated_at = ${now},
    active_at = case when ${now} - active_at >= 60000 then ${now} else active_at end,
    expires_at = least(${now} + $4::bigint, created_at + $5::bigint),
    expires_bucket = (least(${now} + $4::bigint, created_at + $5::bigint) / 3600000)::integer
  where tenant_id = $1 and id = $2 and incarnation = $3 and (expires_at is null or expires_at > ${now})
  returning tenant_id, skey, ${standingColumns}
), i as (
  insert into raw_messages (tenant_id, skey, seq, at, id, payload)
  select tenant_id, skey, last_seq, updated_at, $6, $7 from s
)
select ${standingColumns} from s`,
}

const read = {
  name: 'raw_read',
  text: `
select ${standingColumns}, s.body, (
  select string_agg(m.id || E'\\x1f' || m.at || E'\\x1f' || m.payload, E'\\x1e') from (
    select id, at, payload from raw_messages
    where tenant_id = s.tenant_id and skey = s.skey and seq > s.last_seq - $3::bigint order by seq) m)
from raw_sessions s
where s.tenant_id = $1 and s.id = $2 and (s.expires_at is null or s.expires_at > ${now})`,
}

const find = {
  name: 'raw_find',
  text: `
select ${standingColumns}, m.seq, m.payload from raw_sessions s join raw_messages m on m.tenant_id = s.tenant_id and m.skey = s.skey
where s.tenant_id = $1 and s.id = $2 and m.id = $3`,
}

/** Named statements written by hand, one a call, through a pool with the same settings as the store's. */
export async function rawPostgres(url: string): Promise<Contender> {
  const pool = createPostgresPool(url)
  await pool.query(schema)

  return {
    async prepare(ids, history) {
      for (const id of ids) {
        const messages = Array.from({ length: history }, nextMessage)
        const bytes = messages.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
        const values = [tenantId, id, incarnation, history, idleMs, body, bytes]
        await pool.query(
          `insert into raw_sessions
            (tenant_id, id, incarnation, revision, changes, last_seq, bytes, created_at, updated_at, active_at,
            expires_at, expires_bucket, body)
          values ($1, $2, $3, 1, 1 + $4, $4, $7, ${now}, ${now}, ${now}, ${now} + $5::bigint,
            ((${now} + $5::bigint) / 3600000)::integer, $6)`,
          values,
        )
        for (let from = 0; from < history; from += 1000) {
          const page = messages.slice(from, from + 1000)
          await pool.query(
            `insert into raw_messages (tenant_id, skey, seq, at, id, payload)
            select s.tenant_id, s.skey, $3::integer + m.n, s.updated_at, m.id, m.payload
            from raw_sessions s, unnest($4::text[], $5::text[]) with ordinality as m(id, payload, n)
            where s.tenant_id = $1 and s.id = $2`,
            [tenantId, id, from, page.map((one) => one.id), page.map(({ payload }) => payload)],
          )
        }
      }
    },

    async append(id, message): Promise<Appended> {
      const values = [tenantId, id, incarnation, idleMs, absoluteMs, message.id, message.payload]
      try {
        const { rows } = await pool.query<StandingRow>({ ...append, values, rowMode: 'array' })
        if (rows.length === 0) throw new Error('not_found')
        const now = standing(rows[0]!)
        return { seq: now.lastSeq, ...now }
      } catch (error) {
        if ((error as { code?: string }).code !== '23505') throw error
        const found = [tenantId, id, message.id]
        const { rows } = await pool.query<[...StandingRow, seq: number, payload: string]>({
          ...find,
          values: found,
          rowMode: 'array',
        })
        if (rows[0]?.[9] !== message.payload) throw new Error('conflict', { cause: error })
        return { seq: rows[0][8], ...standing(rows[0]) }
      }
    },

    async read(id, tail) {
      type Row = [...StandingRow, body: string, messages: string | null]
      const { rows } = await pool.query<Row>({ ...read, values: [tenantId, id, tail], rowMode: 'array' })
      if (rows.length === 0) return undefined
      const row = rows[0]!
      const parts = row[9] === null ? [] : row[9].split('\x1e')
      const now = standing(row)
      const first = now.lastSeq - parts.length + 1
      return {
        ...now,
        body: row[8],
        messages: parts.map((part, index) => {
          const [messageId, at, payload] = part.split('\x1f') as [string, string, string]
          return { seq: first + index, id: messageId, at: Number(at), payload }
        }),
      }
    },

    async remove(ids) {
      await pool.query(
        `with s as (delete from raw_sessions where tenant_id = $1 and id = any ($2::text[]) returning tenant_id, skey)
        delete from raw_messages m using s where m.tenant_id = s.tenant_id and m.skey = s.skey`,
        [tenantId, ids],
      )
    },

    close: () => pool.end(),
  }
}

type StandingRow = [
  lastSeq: number,
  revision: string,
  changes: string,
  bytes: string,
  createdAt: string,
  updatedAt: string,
  activeAt: string,
  expiresAt: string | null,
]

function standing(row: readonly [...StandingRow, ...unknown[]]): Standing {
  return {
    lastSeq: row[0],
    revision: Number(row[1]),
    changes: Number(row[2]),
    bytes: Number(row[3]),
    createdAt: Number(row[4]),
    updatedAt: Number(row[5]),
    activeAt: Number(row[6]),
    expiresAt: row[7] === null ? undefined : Number(row[7]),
  }
}
