import { expect, test } from 'vitest'
import { isLong, oneByOne } from '../src/database/steps.js'
import { busy, Turns } from '../src/database/turns.js'

const immediately = () => new Promise<void>((resolve) => void setImmediate(resolve))
const now = () => performance.now()

/** Holds the event loop for so many milliseconds. */
function hold(ms: number): void {
  const end = now() + ms
  while (now() < end);
}

/** Counts the turns of the event loop until `stop`. */
function countTurns() {
  const count = { turns: 0, stop: () => void (isOver = true) }
  let isOver = false
  const turn = () => {
    count.turns++
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  return count
}

/** What each call has come to, in short. */
async function outcomes(calls: readonly Promise<unknown>[]) {
  const settled = await Promise.allSettled(calls)
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))
}

const tooLate = 'SessionError: the database was busy for too long: nothing was done'

test('work is done at once when nobody waits, and what it throws is its own', async () => {
  const turns = new Turns()
  const done: string[] = []
  const first = turns.take(Infinity, () => done.push('a'))
  expect(done).toEqual(['a'])
  const failed = turns.take(Infinity, () => {
    throw new RangeError('odd')
  })
  const third = turns.take(Infinity, () => done.push('c'))
  expect(await outcomes([first, failed, third])).toEqual([1, 'RangeError: odd', 2])
})

test('nobody overtakes work that is waiting, also when it is done or fails later', async () => {
  const turns = new Turns()
  const done: string[] = []
  let isHeld = true
  const calls = ['a', 'b', 'c', 'd'].map((name) =>
    turns.take(Infinity, () => {
      if (isHeld && name === 'a') return busy
      done.push(name)
      if (name === 'c') throw new RangeError(name)
      return name
    }),
  )
  for (let times = 0; times < 50; times++) await immediately()
  expect(done).toEqual([])
  isHeld = false
  expect(await outcomes(calls)).toEqual(['a', 'b', 'RangeError: c', 'd'])
  expect(done).toEqual(['a', 'b', 'c', 'd'])
})

test('work whose time is over is not done, and the rest keep their order', async () => {
  const turns = new Turns()
  const done: string[] = []
  let isHeld = true
  const work = (name: string) => () => {
    if (isHeld) return busy
    done.push(name)
    return name
  }
  const soon = now() + 1
  const calls = [
    turns.take(soon, work('a')),
    turns.take(Infinity, work('b')),
    turns.take(soon, work('c')),
    turns.take(Infinity, work('d')),
  ]
  expect(await outcomes([calls[0]!, calls[2]!])).toEqual([tooLate, tooLate])
  expect(done).toEqual([])
  isHeld = false
  expect(await outcomes(calls)).toEqual([tooLate, 'b', tooLate, 'd'])
  expect(done).toEqual(['b', 'd'])
  await expect(calls[0]).rejects.toMatchObject({ code: 'unavailable' })
  // The database is free when its turn comes, but nobody waits for the answer any more.
  const before = turns.take(Infinity, () => hold(6))
  const late = turns.take(now() - 1, () => done.push('late'))
  expect(await outcomes([before, late])).toEqual([undefined, tooLate])
  expect(done).toEqual(['b', 'd'])
})

test.each([
  ['long', 6, 4],
  ['short', 1, 12],
])('others in the process have their turns between %s pieces of work', async (_, ms, pieces) => {
  const turns = new Turns()
  const count = countTurns()
  const at: number[] = []
  const calls = Array.from({ length: pieces }, () =>
    turns.take(Infinity, () => {
      at.push(count.turns)
      hold(ms)
    }),
  )
  await Promise.all(calls)
  count.stop()
  expect(at).toHaveLength(pieces)
  expect(new Set(at).size).toBeGreaterThan(ms === 6 ? pieces - 1 : 1)
})

test('a write is long by its text, and by how many messages it has', () => {
  const message = (length: number) => ({ payload: 'x'.repeat(length) })
  const most = 256 * 1024
  expect(isLong([])).toBe(false)
  expect([isLong([], 'x'.repeat(most)), isLong([], 'x'.repeat(most + 1))]).toEqual([false, true])
  expect([isLong([message(most - 512)]), isLong([message(most - 511)])]).toEqual([false, true])
  const many = Array.from({ length: 511 }, () => message(0))
  expect([isLong([...many, message(0)]), isLong([...many, message(1)])]).toEqual([false, true])
  expect([isLong(many, 'x'.repeat(512)), isLong(many, 'x'.repeat(513))]).toEqual([false, true])
})

test('steps let the event loop go on before, between and after them', async () => {
  const count = countTurns()
  const at: number[] = []
  const steps = function* (number: number, ms: number): Generator<void, string> {
    for (let step = 1; step <= number; step++) {
      at.push(count.turns)
      hold(ms)
      if (step < number) yield
    }
    return 'done'
  }
  expect(await oneByOne(Infinity, steps(4, 6))).toBe('done')
  expect(count.turns).toBeGreaterThan(at.at(-1)!)
  count.stop()
  expect(at[0]).toBeGreaterThan(0)
  expect(new Set(at).size).toBe(4)
  // Short ones share a turn: of some runs at least one is not held up by anybody else.
  let shared = 0
  for (let run = 0; run < 20; run++) {
    const began = countTurns()
    let turns = 0
    const quick = function* (): Generator<void, void> {
      const first = began.turns
      for (let step = 0; step < 3; step++) yield
      turns = began.turns - first
    }
    await oneByOne(Infinity, quick())
    began.stop()
    if (turns === 0) shared++
  }
  expect(shared).toBeGreaterThan(0)
})

test('steps that are not done in time end, and those that are done by then count', async () => {
  let taken = 0
  const steps = function* (): Generator<void, string> {
    for (; taken < 3; taken++) {
      hold(6)
      yield
    }
    return 'done'
  }
  await expect(oneByOne(now() - 1, steps())).rejects.toMatchObject({
    code: 'unavailable',
    message: 'the write took too long: nothing was done',
  })
  expect(taken).toBe(0)
  taken = 3
  expect(await oneByOne(now() - 1, steps())).toBe('done')
})
