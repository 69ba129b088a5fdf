import type { SessionChange, SessionRef, SessionStore } from '@sessions/core/store'
import type pg from 'pg'
import { beforeAll } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, patient, type useServer } from './databases.js'
import { noteStatements, type SentStatements } from './sent-statements.js'

export const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })

/** A store whose statements are noted, on a database for all tests of a file. */
export class NotedStore {
  store!: SessionStore
  pool!: pg.Pool
  tenantId = ''
  #sent!: SentStatements
  #tenants = 0

  constructor(context: ReturnType<typeof useServer>) {
    beforeAll(async () => {
      this.pool = context.pools.open(await migrated(context.server), patient.pool)
      this.#sent = noteStatements(this.pool)
    })
  }

  /** The statements since `rest` or `of`, by their verbs. */
  get verbs(): string[] {
    return this.#sent.verbs
  }

  /** For a test: a store, and a tenant of its own. */
  begin(): void {
    this.tenantId = `tenant ${this.#tenants++}`
    this.rest()
  }

  /** As a process that has had nothing to do for a while: its first call goes at once, and later ones together. */
  rest(timeouts: { readTimeoutMs: number; writeTimeoutMs: number } = patient.store): void {
    this.store = postgresStore(this.pool, timeouts)
    this.#sent.verbs = []
  }

  /** The statements of some work, whatever becomes of it. */
  async of(work: () => Promise<unknown>): Promise<string[]> {
    this.#sent.verbs = []
    await work().catch(() => {})
    return this.#sent.verbs
  }

  ref(id: string | number): SessionRef {
    return { tenantId: this.tenantId, id: `session ${id}` }
  }

  append(ref: SessionRef, ids: readonly string[], more: SessionChange = {}) {
    return this.store.commit(ref, { messages: ids.map((id) => message(id)), ...more })
  }
}
