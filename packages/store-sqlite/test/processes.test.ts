import { isSessionError } from '@sessions/core/store'
import { afterEach, expect, test } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { leftOver, openRaw, patient, useFiles } from './files.js'
import { startStore, type StoreProcess } from './store-process.js'

const newPath = useFiles()
const processes: StoreProcess[] = []
const ref = { tenantId: 'acme', id: 'session' }

async function start(path: string, count: number): Promise<StoreProcess[]> {
  const started = await Promise.all(
    Array.from({ length: count }, () => startStore({ driver: 'libsql', path, store: patient })),
  )
  processes.push(...started)
  return started
}

afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill()))
})

test('20 processes at once on a file that is not there: one makes the tables, all succeed', async () => {
  const path = newPath()
  const results = await Promise.all((await start(path, 20)).map((each) => each.migrate()))
  expect(results.filter(({ from }) => from === 0)).toHaveLength(1)
  expect(results.map(({ to }) => to)).toEqual(results.map(() => 4))
})

test('four processes append to one session at once: each waits for its turn, no message is lost', async () => {
  const path = newPath()
  const stores = await start(path, 4)
  await stores[0]!.commit(ref, { revision: 0 })
  const committed = await Promise.all(
    stores.flatMap((store, process) =>
      Array.from({ length: 50 }, (_, index) =>
        store.commit(ref, { messages: [{ id: `${process}.${index}`, payload: `${process}.${index}` }] }),
      ),
    ),
  )
  const seqs = committed.map(({ messages }) => messages[0]!.seq)
  expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
  const stored = await stores[1]!.read(ref, { tail: 1000 })
  expect(stored?.messages.map(({ seq }) => seq)).toEqual(seqs.toSorted((a, b) => a - b))
  expect(stored?.record).toMatchObject({ lastSeq: 200, changes: 201 })
})

test('a process is killed in the middle of its writes: what it acknowledged is there, nothing is half', async () => {
  const path = newPath()
  for (let round = 0; round < 5; round++) {
    const [store] = (await start(path, 1)) as [StoreProcess]
    const place = { tenantId: 'acme', id: `round ${round}` }
    await store.commit(place, { revision: 0, body: 'begun' })
    let acknowledged = 0
    let sent = 0
    const enough = new Promise<void>((resolve) => {
      const next = (): void => {
        const n = ++sent
        const messages = ['a', 'b', 'c'].map((part) => ({ id: `${n}${part}`, payload: 'x'.repeat(3000) }))
        // What is under way when the process ends is not acknowledged.
        const committed = store.commit(place, { messages }).then(
          () => true,
          () => false,
        )
        void committed.then((isAcknowledged) => {
          if (!isAcknowledged) return
          acknowledged = Math.max(acknowledged, n)
          if (n === 20 + round * 7) resolve()
          next()
        })
      }
      for (let each = 0; each < 4; each++) next()
    })
    await enough
    await store.kill()
    const survivor = sqliteStore(path, patient)
    const log = (await survivor.read(place, { tail: 10_000 }))!
    const numbers = new Set(log.messages.map(({ id }) => id.slice(0, -1)))
    expect(log.messages).toHaveLength(numbers.size * 3)
    for (let n = 1; n <= acknowledged; n++) expect(numbers, `commit ${n}`).toContain(String(n))
    // Whoever was not answered commits again.
    const again = { id: 'again', payload: 'again' }
    expect((await survivor.commit(place, { messages: [again] })).record.lastSeq).toBe(log.record.lastSeq + 1)
    await survivor.close()
    expect(leftOver(path)).toBe(0)
  }
})

test('another process holds the file: a write waits for it, and is unavailable when it waits for too long', async () => {
  const path = newPath()
  const store = sqliteStore(path, patient)
  const hasty = sqliteStore(path, { writeTimeoutMs: 50 })
  await store.commit(ref, { revision: 0 })
  expect(await hasty.read(ref)).toBeDefined()
  const other = openRaw(path)
  other.exec('begin immediate')
  const message = { id: 'm1', payload: 'one' }
  const waits = store.commit(ref, { messages: [message] })
  const late = await hasty.commit(ref, { messages: [message] }).catch((error: unknown) => error)
  expect(isSessionError(late, 'unavailable') && late.message).toMatch(/busy/)
  expect((await store.read(ref))?.record.lastSeq, 'readers do not wait').toBe(0)
  other.exec('commit')
  expect((await waits).record.lastSeq).toBe(1)
  await Promise.all([store.close(), hasty.close()])
  other.close()
})

test('processes of which one began with another system clock: time does not go back in the file', async () => {
  const path = newPath()
  const store = sqliteStore(path, patient)
  await store.commit(ref, { revision: 0 })
  await store.close()
  const raw = openRaw(path)
  const hourMs = 3_600_000
  raw.prepare('update llm_session_clock set at = at + ?').run(hourMs)
  const [{ at }] = raw.prepare('select at from llm_session_clock').all() as [{ at: number }]
  raw.close()
  const later = sqliteStore(path, patient)
  const { record } = await later.commit(ref, { idleMs: hourMs })
  expect(record.updatedAt).toBeGreaterThanOrEqual(at)
  expect(record.expiresAt).toBe(record.updatedAt + hourMs)
  expect(await later.read(ref)).toBeDefined()
  await later.close()
})
