import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Reserve, reserveBytes } from '../src/database/reserve.js'
import { WriteAheadLog } from '../src/database/write-ahead-log.js'
import { useFiles } from './files.js'

const newPath = useFiles()
const commitBytes = 4 * 4096
const mostBytes = 4 * 1024 * 1024
const moved = ['pragma wal_checkpoint(passive)', 'pragma wal_checkpoint(restart)']

/** A log, and what its background was asked to do, which goes on when `go` is called. */
function place(isDurable: boolean) {
  const path = newPath()
  writeFileSync(`${path}-wal`, '')
  const reserve = new Reserve(path)
  const asked: string[] = []
  const waiting: (() => void)[] = []
  const exec = async (sql: string) => {
    asked.push(sql)
    await new Promise<void>((resolve) => waiting.push(resolve))
    throw new Error('the disk is full')
  }
  const background = { exec, close: () => asked.push('close') }
  const log = new WriteAheadLog({ path, file: undefined, isDurable, background, reserve })
  const go = async (count = 1) => {
    for (let done = 0; done < count; done++) {
      await expect.poll(() => waiting.length, { interval: 1 }).toBeGreaterThan(0)
      waiting.shift()!()
    }
  }
  return { path, log, asked, go, isHeld: () => existsSync(`${path}-reserve`) }
}

test('a log of 4 MiB moves into the file, once at a time, and the file gets a reserve', async () => {
  const { log, asked, go, isHeld } = place(false)
  expect(log.committed(mostBytes - commitBytes - 1)).toBeUndefined()
  expect(asked).toEqual([])
  expect(log.committed(0)).toBeUndefined()
  expect(asked).toEqual(moved.slice(0, 1))
  void log.committed(mostBytes - commitBytes)
  // Commits may need the room before a slow disk has moved the log.
  await expect.poll(isHeld).toBe(true)
  await go()
  void log.committed(0)
  await go()
  expect(asked).toEqual(moved)
  // What came meanwhile counts for the next one.
  await expect.poll(() => (void log.committed(0), asked.length), { interval: 1 }).toBe(3)
  const closing = log.close()
  await go(3)
  await closing
  expect(asked).toEqual([...moved, ...moved, 'pragma wal_checkpoint(truncate)', 'close'])
})

test('exactly 4 MiB are enough to move', () => {
  const { log, asked } = place(false)
  void log.committed(mostBytes - commitBytes)
  expect(asked).toEqual(moved.slice(0, 1))
})

test('commits of one moment share a flush, and later ones have another', async () => {
  const { log, go } = place(true)
  const first = log.committed(0)!
  expect(log.committed(0)).toBe(first)
  await Promise.resolve()
  await Promise.resolve()
  const second = log.committed(0)!
  expect(second).not.toBe(first)
  await Promise.all([first, second])
  const closing = log.close()
  await go()
  await closing
})

test('a flush that fails is told to those who wait for it, and does not keep a log from closing', async () => {
  const { path, log, asked, go } = place(true)
  const other = new WriteAheadLog({
    path: `${path}-none`,
    file: undefined,
    isDurable: true,
    background: { exec: async () => {}, close: () => asked.push('closed') },
    reserve: new Reserve(path),
  })
  await expect(other.committed(0)).rejects.toMatchObject({ code: 'ENOENT' })
  const late = other.committed(0)!
  late.catch(() => {})
  await other.close()
  expect(asked).toEqual(['closed'])
  const closing = log.close()
  await go()
  await closing
})

test('a reserve is 5 MiB that are written, is held once, and given up once', async () => {
  const directory = newPath('place')
  const path = join(directory, 'sessions.db')
  const [reserve, other] = [new Reserve(path), new Reserve(path)]
  expect([reserve.release(), await reserve.hold()]).toEqual([false, false])
  mkdirSync(directory)
  const holding = reserve.hold()
  expect(reserve.hold()).toBe(holding)
  const settled = reserve.settled()
  expect(await holding).toBe(true)
  await settled
  const { size, blocks } = statSync(`${path}-reserve`)
  expect([reserveBytes, size]).toEqual([5 * 1024 * 1024, reserveBytes])
  expect(blocks * 512).toBeGreaterThanOrEqual(size)
  // Another process finds that there is one.
  expect([await other.hold(), statSync(`${path}-reserve`).size]).toEqual([true, size])
  expect([other.release(), reserve.release(), reserve.release()]).toEqual([true, false, false])
  expect(await reserve.hold()).toBe(true)
})

test('a log that is let go of is closed without a word: Node 25 and later end a process for an open FileHandle', async () => {
  const warnings: string[] = []
  const listen = ({ message }: Error) => warnings.push(message)
  process.on('warning', listen)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const gone = new Set<number>()
  const letGo = new FinalizationRegistry<number>((which) => gone.add(which))
  const use = async (which: number) => {
    const { log } = place(true)
    await log.committed(1)
    letGo.register(log, which)
  }
  for (let which = 0; which < 5; which++) await use(which)
  // The stack may hold the last one a while.
  await expect.poll(() => (collect(), gone.size), { timeout: 10_000 }).toBeGreaterThan(3)
  // Node warns a turn after it has collected.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listen)
  expect(warnings).toEqual([])
})
