import { isSessionError, type SessionRef, type SessionStore } from '@sessions/core/store'
import type Libsql from 'libsql'
import { migrate, type SqliteDatabase, sqliteStore } from '../src/index.js'
import { toTableNames } from '../src/schema/schema.js'
import { toStatements } from '../src/statements.js'
import { openRaw, patient } from './files.js'

const { sizes, ...others } = toStatements(toTableNames())
const named = { ...others, sizes: sizes.asc, sizesBack: sizes.desc }
const names = new Map(Object.entries(named).map(([name, sql]) => [sql, name]))

export const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })

/** The statements of one transaction. */
export const whole = (...some: string[]): string[] => ['begin', ...some, 'commit']

/** A store whose statements are noted, on a file for all tests of a test file. */
export class NotedStore {
  readonly database: Libsql.Database
  store!: SessionStore
  tenantId = ''
  #verbs: string[] = []
  #tenants = 0

  private constructor(path: string) {
    this.database = openRaw(path)
  }

  static async open(path: string): Promise<NotedStore> {
    const noted = new NotedStore(path)
    noted.database.exec('pragma synchronous = normal')
    await migrate(noted.database)
    return noted
  }

  /** For a test: a store that knows no session, and a tenant of its own; nothing is left to sweep. */
  async begin(): Promise<void> {
    this.tenantId = `tenant ${this.#tenants++}`
    await this.forget()
    while ((await this.store.sweep({ limit: 1000 })) > 0);
  }

  /** From now on with a store that has looked at its database, and knows no session. */
  async forget(): Promise<void> {
    this.store = sqliteStore(this.#noting(), patient)
    await this.store.read({ tenantId: this.tenantId, id: 'none' })
  }

  ref(n: number): SessionRef {
    return { tenantId: this.tenantId, id: `session ${n}` }
  }

  row(ref: SessionRef): Record<string, unknown> {
    const sql = 'select * from llm_sessions where tenant_id = ? and id = ?'
    return this.database.prepare(sql).get(ref.tenantId, ref.id) as Record<string, unknown>
  }

  /**
   * The statements of some work, whatever becomes of it: each by its name, or by its first word, but for those about the
   * clock of the file.
   */
  async of(work: () => Promise<unknown>): Promise<string[]> {
    this.#verbs = []
    await work().catch((error: unknown) => {
      if (!isSessionError(error)) throw error
    })
    return this.#verbs
  }

  #noting(): SqliteDatabase {
    const { database } = this
    const note = (sql: string): void => {
      if (!sql.includes('session_clock')) this.#verbs.push(names.get(sql) ?? sql.split(' ')[0]!)
    }
    return {
      exec: (sql) => (note(sql), database.exec(sql)),
      prepare(sql) {
        const statement = database.prepare(sql)
        return {
          all: (...values) => (note(sql), statement.all(...values)),
          get: (...values) => (note(sql), statement.get(...values)),
          run: (...values) => (note(sql), statement.run(...values)),
        }
      },
      close: () => {},
    }
  }
}
