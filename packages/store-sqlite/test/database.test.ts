import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Connection } from '../src/database/connection.js'
import { Database, type Open } from '../src/database/database.js'
import { FileClock } from '../src/database/file-clock.js'
import { migrateConnection } from '../src/schema/migrate.js'
import { Reserve } from '../src/database/reserve.js'
import { toTableNames } from '../src/schema/schema.js'
import { WriteAheadLog } from '../src/database/write-ahead-log.js'
import { openRaw, useFiles } from './files.js'

const newPath = useFiles()
const names = toTableNames()
const largest = 4_294_967_294
const later = () => performance.now() + 240_000

/** A database on a file of its own, and what the application or a driver may do to it. */
async function place(change: (open: Open, path: string) => Open = (open) => open) {
  const directory = newPath('directory')
  mkdirSync(directory)
  const path = join(directory, 'sessions.db')
  const reserve = new Reserve(path)
  const failing: { commit?: Error; moves?: number } = {}
  /** Every connection but the first. */
  const others: Connection[] = []
  const connect = (): Connection => {
    const raw = openRaw(path)
    raw.exec('pragma wal_autocheckpoint = 0')
    onTestFinished(() => void raw.close())
    const exec = (sql: string): unknown => {
      if (sql === 'commit' && failing.commit !== undefined) throw failing.commit
      return raw.exec(sql)
    }
    return new Connection({
      exec,
      prepare: (sql) => {
        const statement = raw.prepare(sql)
        if (!sql.includes('wal_checkpoint')) return statement
        // As SQLite says while another thread or process moves the log.
        const taken = () => [{ busy: 1, log: -1, checkpointed: -1 }]
        const all = () => (failing.moves === undefined || failing.moves-- <= 0 ? statement.all() : taken())
        return { all, get: () => undefined, run: () => undefined }
      },
      close: () => raw.close(),
    })
  }
  const connection = connect()
  await migrateConnection(connection, names, later())
  connection.exec('create table notes (text text)')
  const open = change({ connection, reserve, second: () => (others[0] ??= connect()) }, path)
  const database = new Database(() => open, new FileClock(names))
  const pages = () => Number(connection.all('pragma max_page_count')[0]!['max_page_count'])
  const notes = () => connection.all('select text from notes').map(({ text }) => text)
  return {
    path,
    reserve,
    connection,
    others,
    database,
    failing,
    pages,
    notes,
    bytes: () => statSync(path).size,
  }
}

/** Work that notes one line, and finds the disk full the first `times` times; and how often it was tried. */
function note(times = 0, error: () => Error = full) {
  let tries = 0
  const work = (connection: Connection): string => {
    connection.run('insert into notes values (?)', 'a line')
    if (++tries <= times) throw error()
    return 'done'
  }
  const steps = function* (connection: Connection): Generator<void, string> {
    yield
    return work(connection)
  }
  return { work, steps, tries: () => tries }
}

const full = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
const failed = () => Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' })
const codeOf = (call: Promise<unknown>) =>
  call.then(String, (error: unknown) => (error as { code: string }).code)

test('a write that finds no room is tried once more, when the log has moved into the file', async () => {
  const { database, bytes, notes } = await place()
  const before = bytes()
  await database.write(later(), (connection) =>
    connection.run('insert into notes values (?)', 'x'.repeat(50_000)),
  )
  expect(bytes()).toBe(before)
  const once = note(1)
  expect(await codeOf(database.write(later(), once.work))).toBe('done')
  expect([once.tries(), notes().length]).toEqual([2, 2])
  expect(bytes()).toBeGreaterThan(before)
  const [twice, odd] = [note(2), note(1, failed)]
  expect([await codeOf(database.write(later(), twice.work)), twice.tries()]).toEqual(['store_full', 2])
  expect([await codeOf(database.write(later(), odd.work)), odd.tries()]).toEqual(['unavailable', 1])
  expect(notes()).toHaveLength(2)
})

test('work that finds no room while somebody else moves the log waits until it is moved', async () => {
  const { database, failing, reserve, path } = await place()
  expect(await reserve.hold()).toBe(true)
  const { write, remove, long } = { write: note(3), remove: note(3), long: note(1) }
  failing.moves = 3
  expect([await codeOf(database.write(later(), write.work)), write.tries()]).toEqual(['done', 4])
  failing.moves = 3
  expect([await codeOf(database.delete(later(), remove.work)), remove.tries()]).toEqual(['done', 4])
  expect(existsSync(`${path}-reserve`), 'no delete has needed it').toBe(true)
  failing.moves = 3
  expect([await codeOf(database.writeInSteps(later(), long.steps, true)), long.tries()]).toEqual(['done', 2])
  expect(failing.moves).toBe(-1)
})

test('a reserve that is given up while it is made is none', async () => {
  const { reserve, path } = await place()
  const holding = reserve.hold()
  while (!existsSync(`${path}-reserve`)) await new Promise((resolve) => void setImmediate(resolve))
  expect(reserve.release()).toBe(true)
  expect(await holding).toBe(false)
  expect(statSync(`${path}-reserve-used`).size).toBe(0)
})

test('a reserve that one process has given up keeps the file from growing in all of them', async () => {
  const { path, reserve, database, connection, others } = await place()
  expect(await reserve.hold()).toBe(true)
  const peer = new Connection(openRaw(path))
  onTestFinished(() => peer.close())
  const second = () => (others[0] ??= connection)
  const open = { connection: peer, reserve: new Reserve(path), second }
  const elsewhere = new Database(() => open, new FileClock(names))
  const large = (one: Connection) => one.run('insert into notes values (?)', 'x'.repeat(200_000))
  const steps = function* (one: Connection): Generator<void, void> {
    yield
    large(one)
  }
  expect(await codeOf(elsewhere.write(later(), large))).toBe('undefined')
  expect(await codeOf(database.delete(later(), note(2).work))).toBe('done')
  expect(await codeOf(elsewhere.writeInSteps(later(), steps, true))).toBe('store_full')
  expect(others).toEqual([])
  expect(await codeOf(elsewhere.delete(later(), note().work))).toBe('done')
  // This one has found room for a reserve meanwhile.
  await open.reserve.settled()
  await expect.poll(() => existsSync(`${path}-reserve-used`)).toBe(false)
  expect(existsSync(`${path}-reserve`)).toBe(true)
  await expect.poll(() => codeOf(elsewhere.write(later(), large))).toBe('undefined')
})

test('a reserve is given up, and made again, by a process that goes on where another one ended', async () => {
  const { path, reserve } = await place()
  const [room, used] = [`${path}-reserve`, `${path}-reserve-used`]
  // It ended between the two steps.
  writeFileSync(used, 'x'.repeat(1000))
  expect([reserve.release(), statSync(used).size, reserve.release()]).toEqual([true, 0, false])
  // It ended before it took the word back.
  writeFileSync(room, 'x')
  expect(await reserve.hold()).toBe(true)
  expect(reserve.isUsed()).toBe(false)
})

test('a delete without a reserve is refused as a write is', async () => {
  for (const change of [(open: Open) => open, ({ connection }: Open) => ({ connection })]) {
    const { database, notes, pages } = await place(change)
    const work = note(2)
    expect([await codeOf(database.delete(later(), work.work)), work.tries()]).toEqual(['store_full', 2])
    expect(await codeOf(database.write(later(), note(2).work))).toBe('store_full')
    expect([notes(), pages()]).toEqual([[], largest])
  }
})

test('a delete takes the reserve, and the file does not grow before there is one again', async () => {
  const { database, others, path, reserve, notes, pages, bytes } = await place()
  const kept = () => existsSync(`${path}-reserve`)
  expect(await reserve.hold()).toBe(true)
  const write = note(4)
  expect([await codeOf(database.write(later(), write.work)), write.tries(), kept()]).toEqual([
    'store_full',
    2,
    true,
  ])
  const odd = note(1, failed)
  expect([await codeOf(database.delete(later(), odd.work)), kept()]).toEqual(['unavailable', true])
  const before = bytes()
  const deletes = note(2)
  expect([await codeOf(database.delete(later(), deletes.work)), deletes.tries()]).toEqual(['done', 3])
  expect([kept(), notes().length]).toEqual([false, 1])
  const cap = pages()
  expect(cap).toBeLessThan(1000)
  expect(bytes()).toBeGreaterThanOrEqual(before)
  // One that deletes does not look for room, and has no second reserve.
  expect(await codeOf(database.delete(later(), note(4).work))).toBe('store_full')
  await reserve.settled()
  expect([kept(), pages()]).toEqual([false, cap])
  // Where no reserve can be made, the file keeps its size; a write of the usual length finds room in it.
  const directory = dirname(path)
  renameSync(directory, `${directory}-away`)
  const large = (one: Connection) => one.run('insert into notes values (?)', 'x'.repeat(200_000))
  expect(await codeOf(database.write(later(), large))).toBe('store_full')
  await reserve.settled()
  await new Promise((resolve) => void setImmediate(resolve))
  expect([kept(), pages()]).toEqual([false, cap])
  renameSync(`${directory}-away`, directory)
  // Long work is done on the connection that cannot grow.
  expect(await codeOf(database.writeInSteps(later(), note().steps, true))).toBe('done')
  expect(others).toHaveLength(0)
  expect(await codeOf(database.write(later(), large))).toBe('store_full')
  await reserve.settled()
  await expect.poll(pages).toBe(largest)
  expect(kept()).toBe(true)
  expect(await codeOf(database.write(later(), large))).not.toBe('store_full')
  expect(await codeOf(database.writeInSteps(later(), note().steps, true))).toBe('done')
  expect(others).toHaveLength(1)
})

test('long work is done on a second connection, and once more when there was no room', async () => {
  const { database, others, connection, failing, notes } = await place()
  expect(await codeOf(database.writeInSteps(later(), note().steps, false))).toBe('done')
  expect([others.length, notes().length]).toEqual([0, 1])
  const unseen: number[] = []
  const steps = function* (second: Connection, now: number): Generator<void, number> {
    second.run('insert into notes values (?)', 'a line')
    yield
    unseen.push(notes().length)
    return now
  }
  expect(await database.writeInSteps(later(), steps, true)).toBeGreaterThan(1_600_000_000_000)
  expect([others.length, unseen, notes().length]).toEqual([1, [1], 2])
  const [once, twice, odd] = [note(1), note(2), note(1, failed)]
  expect([await codeOf(database.writeInSteps(later(), once.steps, true)), once.tries()]).toEqual(['done', 2])
  expect([await codeOf(database.writeInSteps(later(), twice.steps, true)), twice.tries()]).toEqual([
    'store_full',
    2,
  ])
  expect([await codeOf(database.writeInSteps(later(), odd.steps, true)), odd.tries()]).toEqual([
    'unavailable',
    1,
  ])
  failing.commit = failed()
  expect(await codeOf(database.writeInSteps(later(), note().steps, true))).toBe('unknown_outcome')
  delete failing.commit
  expect(notes()).toHaveLength(3)
  // Somebody else holds the file for a moment.
  connection.exec('begin immediate')
  const waiting = database.writeInSteps(later(), note().steps, true)
  await expect.poll(() => others[0]!.first('select 1')).toBeDefined()
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve))
  connection.exec('commit')
  expect(await codeOf(waiting)).toBe('done')
  others[0]!.close()
  const closed = database.writeInSteps(later(), note().steps, true)
  await expect(closed).rejects.toMatchObject({ code: 'unavailable', message: 'the database is closed' })
})

test('long work without a second connection is done at once; the file learns of its moment', async () => {
  const { database, notes } = await place(({ connection }) => ({ connection }))
  const call = database.writeInSteps(later(), note().steps, true)
  expect(await codeOf(call)).toBe('done')
  expect(notes()).toHaveLength(1)
  const other = await place()
  const moment = () => Number(other.connection.first(`select at from ${names.clock}`)!['at'])
  expect(moment()).toBe(0)
  const now = await other.database.writeInSteps(
    later(),
    function* (_, at): Generator<void, number> {
      yield
      return at
    },
    true,
  )
  // The call itself is a little later than the moment that it has noted.
  expect(moment()).toBeGreaterThan(0)
  expect(moment()).toBeLessThanOrEqual(now)
})

test('who writes hears that the outcome is unknown when the end of it failed, and who reads does not', async () => {
  const { database, failing } = await place()
  failing.commit = failed()
  expect(await codeOf(database.write(later(), note().work))).toBe('unknown_outcome')
  expect(await codeOf(database.write(later(), note(9, failed).work))).toBe('unavailable')
  expect(await codeOf(database.read(later(), () => 'seen'))).toBe('unavailable')
})

test('a commit that the disk does not confirm has an unknown outcome', async () => {
  /** A log whose flush never ends. */
  class Stuck extends WriteAheadLog {
    override committed(): Promise<void> {
      return new Promise(() => {})
    }
  }
  const background = { exec: async () => {}, close: () => {} }
  const kinds = { none: WriteAheadLog, lost: WriteAheadLog, stuck: Stuck, kept: WriteAheadLog }
  for (const [kind, Log] of Object.entries(kinds)) {
    const { database, notes } = await place((open, at) => {
      const path = kind === 'lost' ? `${at}-elsewhere` : at
      const { dev, ino } = statSync(at, { bigint: true })
      const file = `${dev} ${ino}`
      const reserve = open.reserve!
      return { ...open, log: new Log({ path, file, isDurable: kind !== 'none', background, reserve }) }
    })
    const until = kind === 'stuck' ? performance.now() + 300 : later()
    const work = note()
    const settled = await Promise.allSettled([
      database.write(until, work.work),
      database.writeInSteps(until, work.steps, true),
      database.delete(until, work.work),
    ])
    const unknown = {
      code: 'unknown_outcome',
      message: 'the disk has not said that it holds a commit',
      cause: kind === 'lost' ? (expect.objectContaining({ code: 'ENOENT' }) as unknown) : undefined,
    }
    const isKnown = kind === 'none' || kind === 'kept'
    const each = isKnown
      ? { status: 'fulfilled', value: 'done' }
      : { status: 'rejected', reason: expect.objectContaining(unknown) as unknown }
    expect(settled).toEqual([each, each, each])
    // It is there all the same, as far as this process can see.
    expect(notes()).toHaveLength(3)
  }
})
