import { isSessionError, type SessionStore } from '@sessions/core/store'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { checkSchema, migrate, type OwnedSqliteStore, sqliteStore } from '../src/index.js'
import { openRaw, useFiles } from './files.js'

const newPath = useFiles()
const ref = { tenantId: 'acme', id: 'session' }
const big = 'x'.repeat(50_000)
const opened: OwnedSqliteStore[] = []

function open(path: string): OwnedSqliteStore {
  const store = sqliteStore(path)
  opened.push(store)
  return store
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
})

/** What each method of a store says. */
async function refusals(store: SessionStore): Promise<Record<string, string>> {
  const calls: Record<string, Promise<unknown>> = {
    read: store.read(ref),
    commit: store.commit(ref, { revision: 0 }),
    messages: store.messages(ref, { limit: 10 }),
    list: store.list({ tenantId: 'acme', limit: 10 }),
    remove: store.remove(ref),
    sweep: store.sweep({ limit: 10 }),
  }
  const said = Object.entries(calls).map(async ([name, call]) => [
    name,
    await call.then(() => 'done', codeOf),
  ])
  return Object.fromEntries(await Promise.all(said)) as Record<string, string>
}

const all = (code: string) =>
  Object.fromEntries(['read', 'commit', 'messages', 'list', 'remove', 'sweep'].map((name) => [name, code]))

test('a file stays the same one wherever the process goes meanwhile', async () => {
  const [here, there] = [newPath('here'), newPath('there')]
  mkdirSync(here)
  mkdirSync(there)
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(there)
  // Of another application: the file of the same name must not be taken for ours.
  await open('./sessions.db').read(ref)
  process.chdir(here)
  const early = open('./sessions.db')
  const late = open('sessions.db')
  await early.commit(ref, { revision: 0 })
  process.chdir(there)
  // So long that another connection writes it.
  const payload = 'x'.repeat(300_000)
  await early.commit(ref, { messages: [{ id: 'm1', payload }] })
  await late.commit(ref, { messages: [{ id: 'm2', payload }] })
  const { messages } = (await early.read(ref, { tail: 5 }))!
  expect(messages.map(({ seq, id }) => [seq, id])).toEqual([
    [1, 'm1'],
    [2, 'm2'],
  ])
})

test('a path that goes back through a link leads where the file system says', async () => {
  const [here, there] = [newPath('here'), newPath('there')]
  mkdirSync(here)
  mkdirSync(join(there, 'release'), { recursive: true })
  symlinkSync(join(there, 'release'), join(here, 'current'))
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(here)
  await migrate(`${here}/current/../sessions.db`)
  const absolute = open(`${here}/current/../sessions.db`)
  const relative = open('current/../sessions.db')
  await absolute.commit(ref, { revision: 0 })
  expect((await relative.read(ref))?.record.revision).toBe(1)
  expect(existsSync(join(there, 'sessions.db'))).toBe(true)
  expect(existsSync(join(here, 'sessions.db'))).toBe(false)
})

describe('a file that cannot be opened', () => {
  test('in a directory that does not exist: unavailable, and it works once the directory is there', async () => {
    const directory = newPath('later')
    const store = open(join(directory, 'sessions.db'))
    expect(await refusals(store)).toEqual(all('unavailable'))
    await expect(store.read(ref)).rejects.toThrow(/does its directory exist/)
    mkdirSync(directory)
    expect((await store.commit(ref, { revision: 0 })).record.revision).toBe(1)
  })

  test('that is no database: corrupt, and it is left alone', async () => {
    const path = newPath()
    const text = 'These are my notes, and no database. '.repeat(200)
    writeFileSync(path, text)
    const store = open(path)
    expect(await refusals(store)).toEqual(all('corrupt'))
    await expect(store.read(ref)).rejects.toThrow(/no SQLite database/)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('of a later version: store_failed, and it is left alone', async () => {
    const path = newPath()
    await migrate(path)
    const raw = openRaw(path)
    raw.exec('insert into llm_session_migrations (version) values (99)')
    const store = open(path)
    expect(await refusals(store)).toEqual(all('store_failed'))
    await expect(store.read(ref)).rejects.toThrow(/version 99, and this package knows no later one than 4/)
    await expect(migrate(path)).rejects.toMatchObject({ code: 'store_failed', message: /version 99/ })
    await expect(checkSchema(path)).rejects.toMatchObject({ code: 'store_failed', message: /version 99/ })
    raw.close()
  })

  test('with a path that is the address of a server: invalid', async () => {
    for (const path of ['', 'libsql://example.org', 'https://example.org/db', 'postgres://localhost/app']) {
      await expect(open(path).read(ref), path).rejects.toMatchObject({ code: 'invalid', path: 'database' })
    }
  })

  test('after close: unavailable', async () => {
    const store = open(newPath())
    await store.commit(ref, { revision: 0 })
    await Promise.all([store.close(), store.close()])
    expect(await refusals(store)).toEqual(all('unavailable'))
  })
})

test('a time that no timer can wait is refused, and the file is not opened', () => {
  for (const name of ['readTimeoutMs', 'pageTimeoutMs', 'writeTimeoutMs']) {
    for (const ms of [0, -1, 1.5, 2 ** 31, Infinity]) {
      expect(() => sqliteStore(newPath('none/sessions.db'), { [name]: ms })).toThrow(
        expect.objectContaining({ code: 'invalid', path: name }),
      )
    }
  }
})

test('pages of the file are damaged: corrupt, and other sessions can be read', async () => {
  const path = newPath()
  const store = open(path)
  const messages = Array.from({ length: 50 }, (_, index) => ({
    id: `m${index}`,
    payload: 'a payload '.repeat(400),
  }))
  await store.commit(ref, { revision: 0, messages })
  await store.commit({ ...ref, id: 'other' }, { revision: 0, body: 'other' })
  await store.close()
  const file = openSync(path, 'r+')
  for (let page = 30; page < 40; page++) writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, page * 4096)
  closeSync(file)
  const again = open(path)
  await expect(again.read(ref, { tail: 50 })).rejects.toMatchObject({ code: 'corrupt' })
  expect((await again.read({ ...ref, id: 'other' }))?.body).toBe('other')
})

describe('a database that has no room', () => {
  test('store_full: nothing of the commit is there, reads and deletes work, and so do writes afterwards', async () => {
    const raw = openRaw(newPath())
    await migrate(raw)
    const store = sqliteStore(raw)
    await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: big }] })
    raw.exec('pragma max_page_count = 60')
    const write = (n: number) => store.commit(ref, { messages: [{ id: `n${n}`, payload: big }] })
    let written = 0
    const refused = await (async () => {
      for (;;) await write(++written)
    })().catch((error: unknown) => error)
    expect(isSessionError(refused, 'store_full'), String(refused)).toBe(true)
    const { record } = (await store.read(ref))!
    expect(record).toMatchObject({ lastSeq: written, changes: written })
    expect((await store.messages(ref, { limit: 10 })).messages).toHaveLength(written)
    const copy = (await store.read(ref, { tail: 100 }))!
    await expect(store.restore({ ...ref, id: 'copy' }, copy)).rejects.toMatchObject({ code: 'store_full' })
    expect(await store.read({ ...ref, id: 'copy' })).toBeUndefined()
    expect(await store.trim(ref, 2)).toBe(2)
    expect((await write(written)).record.lastSeq).toBe(written + 1)
    expect(await store.remove(ref)).toBe(true)
    raw.close()
  })
})

describe('a database that may not be written', () => {
  test('reads work, writes are unavailable', async () => {
    const path = newPath()
    const writer = open(path)
    await writer.commit(ref, { revision: 0, body: 'kept' })
    const raw = openRaw(path)
    raw.exec('pragma query_only = 1')
    const store = sqliteStore(raw)
    expect((await store.read(ref))?.body).toBe('kept')
    expect((await store.list({ tenantId: 'acme', limit: 10 })).items).toHaveLength(1)
    const change = store.commit(ref, { title: 'changed' })
    await expect(change).rejects.toMatchObject({ code: 'unavailable', message: /read-only/ })
    await expect(store.remove(ref)).rejects.toMatchObject({ code: 'unavailable' })
    expect((await writer.read(ref))?.record.changes).toBe(1)
    raw.close()
  })
})

describe("the application's own database", () => {
  test('in a transaction of the application: a write waits for its end, and is not part of it', async () => {
    const raw = openRaw(newPath())
    await migrate(raw)
    const store = sqliteStore(raw, { writeTimeoutMs: 120_000 })
    raw.exec('create table mine (id text)')
    raw.exec('begin')
    raw.exec("insert into mine values ('mine')")
    const commit = store.commit(ref, { revision: 0 })
    raw.exec('rollback')
    await commit
    expect(await store.read(ref)).toBeDefined()
    expect(raw.prepare('select * from mine').all()).toEqual([])
    raw.close()
  })

  test('without tables every error says which version is needed, and how to get it', async () => {
    const raw = openRaw(newPath())
    const store = sqliteStore(raw)
    expect(await refusals(store)).toEqual(all('store_failed'))
    await expect(store.read(ref)).rejects.toThrow(/version 4, with migrate\(\)/)
    await migrate(raw)
    expect(await store.read(ref)).toBeUndefined()
    raw.close()
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'unavailable', message: /closed/ })
  })

  test('that is opened in a way that costs something is warned of, once', async () => {
    const raw = openRaw(newPath())
    await migrate(raw)
    raw.exec('pragma journal_mode = delete; pragma busy_timeout = 5000; pragma synchronous = off')
    const store = sqliteStore(raw)
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      await store.read(ref)
      await store.read(ref)
      const said = warn.mock.calls.map(([problem]) => /pragma \w+ = \w+/.exec(String(problem))?.[0])
      expect(said).toEqual([
        'pragma journal_mode = wal',
        'pragma busy_timeout = 0',
        'pragma synchronous = normal',
      ])
    } finally {
      warn.mockRestore()
    }
    raw.close()
  })
})

function codeOf(error: unknown): string {
  if (!isSessionError(error)) throw error
  return error.code
}

test.each(['removed', 'replaced'] as const)(
  'a file that is %s while it is open: no commit is acknowledged that nobody would find',
  async (how) => {
    const path = newPath()
    const store = open(path)
    await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '1' }] })
    if (how === 'removed') rmSync(path)
    else renameSync(await backup(), path)
    const late = store.commit(ref, { messages: [{ id: 'm2', payload: '2' }] })
    await expect(late).rejects.toMatchObject({
      code: 'unknown_outcome',
      cause: { message: `${path} was removed or replaced while it is open: restart the process` },
    })
  },
)

test.each([[['-wal']], [['-wal', '-shm']]])(
  'a file whose %j is removed while it is open: what was acknowledged is there, and others may begin another log',
  async (ends) => {
    const path = newPath()
    const store = open(path)
    await store.commit(ref, { revision: 0, messages: [{ id: 'm1', payload: '1' }] })
    for (const end of ends) rmSync(path + end)
    const message = `${path}-wal was removed or replaced while it is open: restart the process`
    const late = store.commit(ref, { messages: [{ id: 'm2', payload: '2' }] })
    await expect(late).rejects.toMatchObject({ code: 'unknown_outcome', cause: { message } })
    expect(await refusals(store)).toEqual(all('unavailable'))
    await expect(store.read(ref)).rejects.toMatchObject({ message })
    const next = open(path)
    await next.commit(ref, { messages: [{ id: 'm2', payload: '2' }] })
    await store.close()
    await next.commit(ref, { messages: [{ id: 'm3', payload: '3' }] })
    await next.close()
    const { messages } = await open(path).messages(ref, { limit: 10 })
    expect(messages.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3'])
  },
)

/** The path of another file of sessions. */
async function backup(): Promise<string> {
  const path = newPath()
  const database = openRaw(path)
  await migrate(database)
  database.close()
  return path
}
