import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Reserve } from '../src/database/reserve.js'
import { type OwnedSqliteStore, sqliteStore } from '../src/index.js'
import { patient } from './files.js'

const disk = mkdtempSync(join(tmpdir(), 'sessions-disk-'))
// Only the superuser of a Linux may mount a disk; for others this file fails.
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk])
let stores: OwnedSqliteStore[] = []
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true, force: true })
})

test('the room that a delete was given is not taken again for a reserve, at whatever moment one is looked for', async () => {
  const [path, filler] = [join(disk, 'other.db'), join(disk, 'filler')]
  const reserve = new Reserve(path)
  for (let turns = 0; turns < 8; turns++) {
    expect(await reserve.hold()).toBe(true)
    writeFileSync(filler, Buffer.alloc(34 * 1024 * 1024, 1))
    const holding = reserve.hold()
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => void setImmediate(resolve))
    expect(reserve.release()).toBe(true)
    await holding
    expect([existsSync(`${path}-reserve`), reserve.isUsed()]).toEqual([false, true])
    rmSync(filler)
  }
  rmSync(`${path}-reserve-used`)
}, 60_000)

test('on a full disk sessions can be deleted, again and again, and the file grows once the disk has room', async () => {
  const filler = join(disk, 'filler')
  writeFileSync(filler, Buffer.alloc(12 * 1024 * 1024, 1))
  // As two processes of the application.
  stores = [0, 1].map(() => sqliteStore(join(disk, 'sessions.db'), patient))
  const [opened, other] = stores as [OwnedSqliteStore, OwnedSqliteStore]
  const refOf = (n: number) => ({ tenantId: 'acme', id: `s${n}` })
  const messages = ['m1', 'm2'].map((id) => ({ id, payload: 'x'.repeat(10_000) }))
  let made = 0
  /** Makes sessions until there is no room for another. */
  const fill = async (by = opened): Promise<void> => {
    const refused = await (async () => {
      for (;;) {
        await by.commit(refOf(made), { revision: 0, messages })
        made++
      }
    })().catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'store_full', message: /so may one that deletes/ })
    expect(await opened.read(refOf(made))).toBeUndefined()
  }
  await fill()
  const first = made
  expect(first).toBeGreaterThan(100)
  expect(await opened.remove(refOf(0))).toBe(true)
  expect(await opened.trim(refOf(1), 1)).toBe(1)
  for (let round = 1; round <= 3; round++) {
    await fill(other)
    await fill()
    for (let n = 10 * round; n < 10 * round + 10; n++) expect(await opened.remove(refOf(n))).toBe(true)
  }
  expect(made - first, 'deletes leave room for others').toBeGreaterThan(10)
  rmSync(filler)
  await fill()
  // The store has looked for room by now.
  await expect
    .poll(() => opened.commit(refOf(made), { revision: 0, messages }), { timeout: 30_000 })
    .toBeDefined()
  made++
  await fill()
  expect(made).toBeGreaterThan(first + 200)
  expect(await opened.remove(refOf(2))).toBe(true)
}, 60_000)
