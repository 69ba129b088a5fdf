import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import {
  readSideRecord,
  sideRecordLabel,
  sideRecordRef,
  updateSideRecord,
  userRecordRef,
} from '../../src/service/side-records.js'
import { codeOf } from '../service.js'

interface Counter {
  readonly count: number
}
const ref = sideRecordRef('tries', 'acme', 'counter')
const add = (before: Counter = { count: 0 }): Counter => ({ count: before.count + 1 })

/** A store, what is asked of it, and one that others write to. */
function scene() {
  const inner = memoryStore({ clock: () => 1_700_000_000_000 })
  const reads: unknown[] = []
  const commits: Record<string, unknown>[] = []
  const store: SessionStore = {
    ...inner,
    read: async (of, options) => (reads.push(of), inner.read(of, options)),
    commit: async (of, change) => (commits.push({ ...change }), inner.commit(of, change)),
  }
  const update = (options: object = {}, change: (before?: Counter) => Counter | undefined = add) =>
    updateSideRecord<Counter>({ store }, ref, change, options)
  /** How many reads and commits some work made. */
  const cost = async (work: () => Promise<unknown>) => {
    reads.length = 0
    commits.length = 0
    await work()
    return [reads.length, commits.length]
  }
  return { inner, store, reads, commits, update, cost }
}

it('is read once before it is written, and not where its writer knows it', async () => {
  const { update, cost, inner } = scene()
  expect(await cost(async () => update())).toEqual([1, 1])
  const seen = (await update())!
  expect(seen).toMatchObject({ value: { count: 2 }, record: { revision: 2 } })
  expect(await cost(async () => update({ seen }))).toEqual([0, 1])
  // What it knew was old, or that there was none was wrong: it is read, and changed once.
  expect(await cost(async () => update({ seen }))).toEqual([1, 2])
  expect(await cost(async () => update({ seen: 'none' }))).toEqual([1, 2])
  expect((await readSideRecord<Counter>({ store: inner }, ref))!.value).toEqual({ count: 5 })
  await inner.remove(ref)
  expect(await cost(async () => update({ seen: 'none' }))).toEqual([0, 1])
  expect(await cost(async () => update({ seen }))).toEqual([1, 2])
})

it('is decided about on the newest content', async () => {
  const { update, cost } = scene()
  const seen = (await update())!
  await update()
  const least = (before?: Counter) => {
    if ((before?.count ?? 0) < 2) throw new SessionError('invalid', 'too few')
    return add(before)
  }
  expect((await update({ seen }, least))!.value).toEqual({ count: 3 })
  expect(await codeOf(update({}, () => least({ count: 0 })))).toBe('invalid')
  expect(await codeOf(update({ seen: 'none' }, () => least({ count: 0 })))).toBe('invalid')
  const unlessThree = (before?: Counter) => (before?.count === 3 ? add(before) : undefined)
  expect((await update({ seen }, unlessThree))!.value).toEqual({ count: 4 })
  expect(await cost(async () => expect(await update({ seen }, unlessThree)).toBeUndefined())).toEqual([1, 0])
  expect(await cost(async () => expect(await update({}, () => undefined)).toBeUndefined())).toEqual([1, 0])
})

it('keeps its deadline where it is said to, and names nothing anew that it names already', async () => {
  const { update, commits } = scene()
  const keys = () =>
    Object.keys(commits.at(-1)!).filter((key) => ['idleMs', 'userId', 'label', 'incarnation'].includes(key))
  await update({ idleMs: 1000, keepsDeadline: true, userId: 'alice', label: 'one' })
  expect(commits[0]).toMatchObject({ idleMs: 1000, userId: 'alice', label: 'one', revision: 0 })
  expect(keys()).not.toContain('incarnation')
  await update({ idleMs: 1000, keepsDeadline: true, userId: 'alice', label: 'one' })
  expect(keys()).toEqual(['incarnation'])
  await update({ idleMs: 1000, userId: 'bob', label: 'two' })
  expect(commits.at(-1)).toMatchObject({ idleMs: 1000, userId: 'bob', label: 'two', revision: 2 })
  await update({ idleMs: Infinity })
  expect(keys()).toEqual(['incarnation'])
  await update({ userId: 'bob' })
  expect(keys()).toEqual(['incarnation'])
})

it('knows the newest 32 changes, each by ten letters', async () => {
  const { update } = scene()
  for (let n = 0; n < 39; n++) await update()
  const { changes, value } = (await update())!
  expect([new Set(changes).size, changes.every((id) => id.length === 10), value]).toEqual([
    32,
    true,
    { count: 40 },
  ])
})

it('that cannot be read is corrupt, and one without its changes is one', async () => {
  const { inner, store } = scene()
  await inner.commit(ref, { revision: 0, body: '{' })
  await expect(readSideRecord({ store }, ref)).rejects.toMatchObject({
    code: 'corrupt',
    message: `The record ${ref.id} of ${ref.tenantId} is damaged: it is no JSON object.`,
    cause: expect.any(SyntaxError) as unknown,
  })
  await inner.commit(ref, { revision: 1, body: 'null' })
  await expect(readSideRecord({ store }, ref)).rejects.toMatchObject({ code: 'corrupt' })
  await inner.commit(ref, { revision: 2, body: '{"count":7}' })
  expect(await readSideRecord({ store }, ref)).toMatchObject({ value: { count: 7 }, changes: [] })
  expect(await readSideRecord({ store }, { ...ref, id: 'none' })).toBeUndefined()
})

it('of a user has an id that names nobody, and goes on under an older secret', async () => {
  const { inner } = scene()
  const asked: unknown[][] = []
  const credentials = {
    digests: async (...given: unknown[]) => (asked.push(given), ['new', 'old', 'older']),
  } as never
  const user = { tenantId: 'acme', userId: 'alice' }
  const where = async () =>
    (await userRecordRef({ store: inner, credentials }, 'memory', user, (digest) => `id ${digest}`)).id
  expect([await where(), asked]).toEqual(['id new', [['user of memory', 'acme', 'alice']]])
  await inner.commit(sideRecordRef('memory', 'acme', 'id older'), { revision: 0 })
  expect(await where()).toBe('id older')
  await inner.commit(sideRecordRef('memory', 'acme', 'id old'), { revision: 0 })
  expect(await where()).toBe('id old')
  const session = { id: 's', incarnation: 'i' } as never
  expect([sideRecordLabel('requests', session), sideRecordLabel('turns', session)]).toEqual(['s', 'i'])
})
