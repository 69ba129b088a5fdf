import Libsql from 'libsql'
import { closeSync, fdatasync, openSync } from 'node:fs'
import type { Appended, Contender, Standing } from '../contender.js'
import { absoluteMs, body, idleMs, incarnation, nextMessage, tenantId } from '../workload.js'

// The minute of the deadline is indexed, so that a sweep can find expired sessions. An update of an indexed column writes
// the index, so it is a statement of its own, which is needed once a minute.
const schema = `
create table if not exists raw_sessions (
  skey integer primary key, tenant_id text not null, id text not null, incarnation text not null,
  revision integer not null, changes integer not null, last_seq integer not null, bytes integer not null,
  created_at integer not null, updated_at integer not null, active_at integer not null, expires_at integer,
  expires_minute integer, body text not null,
  unique (tenant_id, id));
create index if not exists raw_sessions_expiry on raw_sessions (expires_minute) where expires_minute is not null;
create table if not exists raw_messages (
  skey integer not null, seq integer not null, at integer not null, id text not null, payload text not null,
  primary key (skey, seq), unique (skey, id)) without rowid`

const standingColumns = 'last_seq, revision, changes, bytes, created_at, updated_at, active_at, expires_at'

/** How a commit is made durable. */
export type Flush =
  /** Not at once: SQLite flushes when it moves its log. */
  | 'later'
  /** By SQLite itself, while the event loop waits for the disk. */
  | 'on the loop'
  /** By a thread, while the event loop goes on. */
  | 'beside the loop'

/** Prepared statements written by hand, in one transaction a call. Only one process may use the file. */
export function rawSqlite(path: string, flush: Flush): Contender {
  const database = new Libsql(path)
  const synchronous = flush === 'on the loop' ? 'full' : 'normal'
  database.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; ${schema}`)
  const log = flush === 'beside the loop' ? openSync(`${path}-wal`, 'r+') : undefined
  const flushed = (): Promise<void> =>
    new Promise((resolve, reject) => {
      if (log === undefined) resolve()
      else fdatasync(log, (error) => (error === null ? resolve() : reject(error)))
    })
  const insertSession = database.prepare(
    `insert into raw_sessions (tenant_id, id, incarnation, revision, changes, last_seq, bytes, created_at, updated_at, active_at,
      expires_at, expires_minute, body) values (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning skey`,
  )
  const insertMessage = database.prepare(
    'insert into raw_messages (skey, seq, at, id, payload) values (?, ?, ?, ?, ?)',
  )
  const touch = database.prepare(
    `update raw_sessions set last_seq = last_seq + 1, bytes = bytes + ?, changes = changes + 1, updated_at = ?, expires_at = min(?, created_at + ?)
    where tenant_id = ? and id = ? and incarnation = ? and (expires_at is null or expires_at > ?)
    returning skey, expires_minute, ${standingColumns}`,
  )
  const move = database.prepare('update raw_sessions set active_at = ?, expires_minute = ? where skey = ?')
  const find = database.prepare(
    `select s.last_seq, s.revision, s.changes, s.bytes, s.created_at, s.updated_at, s.active_at, s.expires_at, m.seq, m.payload
    from raw_sessions s join raw_messages m on m.skey = s.skey where s.tenant_id = ? and s.id = ? and m.id = ?`,
  )
  const select = database.prepare(
    `select skey, body, ${standingColumns} from raw_sessions
    where tenant_id = ? and id = ? and (expires_at is null or expires_at > ?)`,
  )
  const tailOf = database.prepare(
    'select seq, id, at, payload from raw_messages where skey = ? and seq > ? order by seq',
  )
  const removeMessages = database.prepare(
    'delete from raw_messages where skey = (select skey from raw_sessions where tenant_id = ? and id = ?)',
  )
  const removeSession = database.prepare('delete from raw_sessions where tenant_id = ? and id = ?')

  function transaction<T>(begin: 'begin' | 'begin immediate', work: () => T): T {
    database.exec(begin)
    try {
      const result = work()
      database.exec('commit')
      return result
    } catch (error) {
      database.exec('rollback')
      throw error
    }
  }

  return {
    async prepare(ids, history) {
      for (const id of ids) {
        const now = Date.now()
        const until = now + idleMs
        const messages = Array.from({ length: history }, nextMessage)
        const bytes = messages.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
        transaction('begin immediate', () => {
          const counts = [1 + history, history, bytes]
          const values = [tenantId, id, incarnation, ...counts, now, now, now, until, minuteOf(until), body]
          const row = insertSession.get(...values) as { skey: number }
          for (const [index, message] of messages.entries()) {
            insertMessage.run(row.skey, index + 1, now, message.id, message.payload)
          }
        })
      }
    },

    async append(id, message): Promise<Appended> {
      const now = Date.now()
      try {
        const appended = transaction('begin immediate', () => {
          const bytes = Buffer.byteLength(message.payload)
          const row = touch.get(bytes, now, now + idleMs, absoluteMs, tenantId, id, incarnation, now) as
            | (StandingRow & { skey: number; expires_minute: number })
            | undefined
          if (row === undefined) throw new Error('not_found')
          insertMessage.run(row.skey, row.last_seq, now, message.id, message.payload)
          const minute = minuteOf(row.expires_at!)
          if (now - row.active_at >= 60_000 || minute !== row.expires_minute) move.run(now, minute, row.skey)
          return { seq: row.last_seq, ...standing(row) }
        })
        await flushed()
        return appended
      } catch (error) {
        if (!String((error as { code?: string }).code).startsWith('SQLITE_CONSTRAINT')) throw error
        const row = find.get(tenantId, id, message.id) as StandingRow & { seq: number; payload: string }
        if (row.payload !== message.payload) throw new Error('conflict', { cause: error })
        return { seq: row.seq, ...standing(row) }
      }
    },

    async read(id, tail) {
      return transaction('begin', () => {
        type Row = StandingRow & { skey: number; body: string }
        const row = select.get(tenantId, id, Date.now()) as Row | undefined
        if (row === undefined) return undefined
        const messages = tailOf.all(row.skey, row.last_seq - tail) as {
          seq: number
          id: string
          at: number
          payload: string
        }[]
        return { ...standing(row), body: row.body, messages }
      })
    },

    async remove(ids) {
      transaction('begin immediate', () => {
        for (const id of ids) {
          removeMessages.run(tenantId, id)
          removeSession.run(tenantId, id)
        }
      })
    },

    async close() {
      if (log !== undefined) closeSync(log)
      database.close()
    },
  }
}

const minuteOf = (at: number) => Math.floor(at / 60_000)

interface StandingRow {
  readonly last_seq: number
  readonly revision: number
  readonly changes: number
  readonly bytes: number
  readonly created_at: number
  readonly updated_at: number
  readonly active_at: number
  readonly expires_at: number | null
}

function standing(row: StandingRow): Standing {
  return {
    lastSeq: row.last_seq,
    revision: row.revision,
    changes: row.changes,
    bytes: row.bytes,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    activeAt: row.active_at,
    expiresAt: row.expires_at ?? undefined,
  }
}
