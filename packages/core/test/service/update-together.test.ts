import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { readSideRecord, sideRecordRef } from '../../src/service/side-records.js'
import { updateTogether } from '../../src/service/update-together.js'
import { changingStore } from '../changing-store.js'
import { codeOf } from '../service.js'

interface Count {
  readonly count: number
}
const ref = sideRecordRef('budgets', 'acme', 'counts')
const add = ({ count }: Count = { count: 0 }): Count => ({ count: count + 1 })
const countIn = async (store: SessionStore) => (await readSideRecord<Count>({ store }, ref))?.value.count

it('makes what comes at once in a few writes, each change on top of the one before it', async () => {
  const { store, calls } = changingStore(memoryStore(), () => undefined)
  const made = await Promise.all(Array.from({ length: 300 }, () => updateTogether({ store }, ref, add, {})))
  expect(made.map((each) => each?.value.count)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1))
  expect(calls.filter((call) => call === 'commit').length).toBeLessThan(5)
  expect(await countIn(store)).toBe(300)
  await updateTogether({ store }, ref, add, {})
  expect(await countIn(store)).toBe(301)
})

it('fails a change alone that throws, and leaves the others as they are', async () => {
  const store = memoryStore()
  const failing = async (before?: Count) => {
    if (before?.count === 2) throw new SessionError('limit_reached', 'full')
    return add(before)
  }
  const keeping = () => undefined
  const outcomes = await Promise.all([
    codeOf(updateTogether<Count>({ store }, ref, add, {})),
    codeOf(updateTogether<Count>({ store }, ref, failing, {})),
    codeOf(updateTogether<Count>({ store }, ref, failing, {})),
    updateTogether<Count>({ store }, ref, keeping, {}),
    codeOf(updateTogether<Count>({ store }, ref, add, {})),
  ])
  expect(outcomes).toEqual(['settled', 'settled', 'limit_reached', undefined, 'settled'])
  expect(await countIn(store)).toBe(3)
})

it('fails all that were in a write that failed, and none that come later', async () => {
  const inner = memoryStore()
  let isAway = true
  const store: SessionStore = {
    ...inner,
    async read(asked, options) {
      if (isAway) throw new SessionError('unavailable', 'the store is away')
      return inner.read(asked, options)
    },
  }
  const outcomes = await Promise.all([1, 2, 3].map(() => codeOf(updateTogether({ store }, ref, add, {}))))
  expect(new Set(outcomes)).toEqual(new Set(['unavailable']))
  isAway = false
  expect(await codeOf(updateTogether({ store }, ref, add, {}))).toBe('settled')
  expect(await countIn(inner)).toBe(1)
})

it('loses none of what three processes change at once, and tells each what became of its own change', async () => {
  const inner = memoryStore()
  // Each has its own queue, as processes have.
  const processes = [{ ...inner }, { ...inner }, { ...inner }]
  const upTo = async (before?: Count) => {
    if (before?.count === 600) throw new SessionError('limit_reached', 'full')
    return add(before)
  }
  const made: (number | undefined)[] = []
  const outcomes = await Promise.all(
    Array.from({ length: 900 }, async (_, n) =>
      codeOf(
        updateTogether<Count>({ store: processes[n % 3]! }, ref, upTo, {}).then((each) => {
          made.push(each?.value.count)
        }),
      ),
    ),
  )
  expect(outcomes.filter((code) => code === 'settled')).toHaveLength(600)
  expect(outcomes.filter((code) => code === 'limit_reached')).toHaveLength(300)
  expect(made.toSorted((a, b) => a! - b!)).toEqual(Array.from({ length: 600 }, (_, n) => n + 1))
})

it('makes no change twice whose answer got lost', async () => {
  const inner = memoryStore()
  let losses = 2
  const store: SessionStore = {
    ...inner,
    async commit(asked, change) {
      const committed = await inner.commit(asked, change)
      if (losses-- > 0) throw new SessionError('unknown_outcome', 'lost')
      return committed
    },
  }
  const made = await Promise.all([1, 2, 3].map(() => updateTogether({ store }, ref, add, {})))
  expect(made.map((each) => each?.value.count)).toEqual([1, 2, 3])
  expect(await countIn(inner)).toBe(3)
})

it('takes a change that comes at the very end of another', async () => {
  const store = memoryStore()
  const chain = async (left: number): Promise<void> => {
    await updateTogether({ store }, ref, add, {})
    if (left > 0) await chain(left - 1)
  }
  await Promise.all([chain(50), chain(50), chain(50)])
  expect(await countIn(store)).toBe(153)
})
