import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createSessions, memoryStore, type Sessions, type SessionStore } from '@sessions/core'
import type { AuditEntry, AuditQuery } from '@sessions/core/audit'
import { createPostgresPool, migrate, postgresStore } from '@sessions/store-postgres'
import { sqliteStore } from '@sessions/store-sqlite'
import { startPostgres } from '@sessions/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { openers, sealed } from './encrypted-servers.js'
import { buildStores } from './erasing/build.js'

const settings = {
  credentialSecrets: ['a secret that only these tests may know'],
  audit: { secrets: ['a secret of the audit that only these tests may know'] },
}
const acme = { tenantId: 'acme' }
const user = { tenantId: 'acme', userId: 'user-4711-of-acme' }

async function entriesOf({ audit }: Sessions, query: Partial<AuditQuery> = {}): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  for await (const entry of audit.list({ ...acme, ...query })) all.push(entry)
  return all
}

beforeAll(buildStores)

const memory = async () => {
  const store = memoryStore()
  return { store, peer: store, close: async () => {} }
}
const all = { memory, ...openers, 'sealed sqlite': openers['sqlite']! }

describe.each(Object.entries(all))('an audit on %s', (name, open) => {
  it('takes what two processes write at once, holds after an erasure, and names what was changed', async () => {
    const opened = await open()
    const over = (store: SessionStore) => (name.startsWith('sealed') ? sealed(store) : store)
    const stores = [over(opened.store), over(opened.peer)] as const
    try {
      const processes = stores.map((store) => createSessions({ store, ...settings }))
      let begin = (): void => {}
      const gate = new Promise<void>((resolve) => (begin = resolve))
      const writing = Array.from({ length: 240 }, async (_, index) => {
        await gate
        const actor = { userId: `writer-${index % 8}` }
        return processes[index % 2]!.audit.append({ ...acme, action: 'a', actor, detail: { index } })
      })
      begin()
      await Promise.all(writing)
      const [one, other] = processes as [Sessions, Sessions]
      await one.for(user).create({ messages: [{ role: 'user', content: 'Hi' }] })
      await other.privacy.erase({ ...user, by: user.userId, reason: 'article 17' })
      await one.audit.checkpoint(acme)

      const entries = await entriesOf(other)
      expect(entries).toHaveLength(242)
      expect(new Set(entries.map(({ detail }) => detail['index'])).size).toBe(241)
      expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).toSorted((a, b) => a - b))
      expect(await one.audit.verify(acme)).toEqual({ ok: true, lanes: 2, entries: 242 })
      expect(await one.audit.pseudonym(user)).toBeUndefined()

      const lane = entries.at(-1)!.lane
      const ref = { tenantId: '~audit:acme', id: lane }
      const { messages } = (await stores[0].read(ref, { tail: 1000 }))!
      const { seq, payload } = messages[76]!
      await stores[1].amend(ref, [{ seq, payload: payload.replace('"action":"a"', '"action":"b"') }])
      expect(await one.audit.verify(acme)).toEqual({ ok: false, lane, seq, why: 'changed' })
    } finally {
      await opened.close()
    }
  })
})

it('names the rows of Postgres that were changed, removed, swapped or cut off', async () => {
  const server = await startPostgres()
  const pool = createPostgresPool(server.url)
  try {
    await migrate(pool)
    const sessions = createSessions({ store: postgresStore(pool), ...settings })
    const where = `tenant_id = '~audit:acme'`
    const attacks = [
      [
        `update llm_session_messages set payload = replace(payload, '"a"', '"b"') where ${where} and seq = 4`,
        4,
        'changed',
      ],
      [`delete from llm_session_messages where ${where} and seq = 4`, 4, 'missing'],
      [`delete from llm_session_messages where ${where} and seq = 8`, 8, 'truncated'],
      [
        `update llm_session_messages m set payload = o.payload from llm_session_messages o where m.${where} and o.${where}
         and m.session_key = o.session_key and ((m.seq = 4 and o.seq = 5) or (m.seq = 5 and o.seq = 4))`,
        4,
        'reordered',
      ],
    ] as const
    for (const [attack, seq, why] of attacks) {
      await pool.query('truncate llm_session_messages, llm_sessions')
      const { audit } = createSessions({ store: postgresStore(pool), ...settings })
      for (let index = 0; index < 8; index++) await audit.append({ ...acme, action: 'a' })
      const [{ lane }] = (await entriesOf(sessions)) as [AuditEntry, ...AuditEntry[]]
      await pool.query(attack)
      expect(await audit.verify(acme)).toEqual({ ok: false, lane, seq, why })
    }
  } finally {
    await pool.end()
    await server.stop()
  }
})

it('shows what was killed between its intent and its outcome, until another process has done it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sessions-audit-'))
  const path = join(dir, 'sessions.db')
  const store = sqliteStore(path)
  try {
    const sessions = createSessions({ store, ...settings })
    await sessions.for(user).create()
    const script = join(import.meta.dirname, 'auditing', 'process.mjs')
    const said = JSON.stringify({ path, settings, user })
    const child = spawn(process.execPath, [script, said], { stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    await once(createInterface(child.stdout), 'line')
    child.kill('SIGKILL')
    await closed
    const [killed, ...others] = await entriesOf(sessions, { unsettled: true })
    expect(others).toEqual([])
    expect(killed).toMatchObject({ action: 'user.erase', outcome: 'intent', actor: 'host' })
    await sessions.privacy.erase({ ...user, by: 'support', reason: 'article 17' })
    expect(await entriesOf(sessions, { unsettled: true })).toEqual([])
    expect(await sessions.audit.verify(acme)).toMatchObject({ ok: true, lanes: 2 })
  } finally {
    await store.close()
    rmSync(dir, { recursive: true, force: true })
  }
})
