import { memoryStore, SessionError } from '@sessions/core'
import type { SessionStore } from '@sessions/core/store'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type MovePartitionOptions, type MoveProgress, tenantRoute } from '../src/index.js'
import type { MapBody } from '../src/map-body.js'
import { shardedStoreBy } from '../src/sharded-store.js'
import { VirtualTime } from './virtual-time.js'

const mapRef = { tenantId: '~shards', id: 'map' }
const route = tenantRoute({ t0: 'a', t1: 'a', t2: 'b' }, 'c')
const tenants = ['t0', 't1', 't2', 'other']
const refOf = (tenantId: string, n = 0) => ({ tenantId, id: `s${n}` })

/** Three shards, and what a test does before calls of one of them. */
async function scene(sessions = 2) {
  const time = new VirtualTime()
  const stores = { a: memoryStore(), b: memoryStore(), c: memoryStore(), home: memoryStore() }
  const state: { before: (shard: string, method: string, ref: unknown) => Promise<void> } = {
    before: async () => {},
  }
  const noted = (shard: 'a' | 'b' | 'c'): SessionStore => {
    const store = stores[shard]
    const calling = (method: 'read' | 'commit' | 'restore' | 'list' | 'remove') =>
      (async (...given: unknown[]) => {
        await state.before(shard, method, given[0])
        return (store[method] as (...all: unknown[]) => unknown)(...given)
      }) as never
    return {
      ...store,
      read: calling('read'),
      restore: calling('restore'),
      list: calling('list'),
      remove: calling('remove'),
    }
  }
  const shards = { a: noted('a'), b: noted('b'), c: noted('c') }
  const store = shardedStoreBy({ shards, route, home: stores.home }, time)
  for (const tenantId of ['t0', 't1'])
    for (let n = 0; n < sessions; n++)
      await store.commit(refOf(tenantId, n), { revision: 0, messages: [{ id: 'm', payload: 'x' }] })
  const progress: string[] = []
  const move = async (more: Partial<MovePartitionOptions> = {}) =>
    time.run(
      store.movePartition({
        partition: 'tenant:t0',
        to: 'b',
        tenants: () => tenants,
        onProgress: ({ step, copied }: MoveProgress) => void progress.push(`${step} ${copied}`),
        ...more,
      }),
    )
  const body = async () => JSON.parse((await stores.home.read(mapRef))!.body) as MapBody
  const put = async (change: (body: MapBody) => MapBody) => {
    const { record } = (await stores.home.read(mapRef))!
    await stores.home.commit(mapRef, {
      revision: record.revision,
      body: JSON.stringify(change(await body())),
    })
  }
  const count = async (shard: 'a' | 'b' | 'c', tenantId: string) =>
    (await stores[shard].list({ tenantId, limit: 500 })).items.length
  return { time, stores, state, store, move, body, put, count, progress }
}

it('moves one partition, or several, by their names, and tells how far it is', async () => {
  const { move, count, body, progress } = await scene()
  expect(await move()).toEqual({ copied: 2, removed: 2 })
  expect(progress).toEqual(['copying 2', 'frozen 2', 'frozen 2', 'cleaning 2'])
  expect([await count('a', 't0'), await count('b', 't0'), await count('a', 't1')]).toEqual([0, 2, 2])
  expect(await body()).toMatchObject({ moved: { b: ['tenant:t0'] } })
  expect((await body()).move).toBeUndefined()
  expect(await move({ partition: ['tenant:t0', 'tenant:t1'] })).toEqual({ copied: 2, removed: 2 })
  expect(await move({ partition: ['tenant:t0', 'tenant:t1', 'tenant:t2'] })).toEqual({
    copied: 0,
    removed: 0,
  })
})

it('is refused in a sentence where it says no partition', async () => {
  const { store } = await scene(0)
  const given = { partition: 'tenant:t0', to: 'b', tenants: () => tenants }
  const refused = async (more: object) =>
    store.movePartition({ ...given, ...more }).then(
      () => [],
      ({ code, path, message }: SessionError) => [code, path, message],
    )
  for (const path of ['partition', 'to', 'tenants'])
    expect(await refused({ [path]: undefined })).toEqual(['invalid', path, `${path} is missing`])
  for (const partition of [5, ['tenant:t0', 5], {}, null])
    expect(await refused({ partition })).toEqual([
      'invalid',
      'partition',
      'partition must be a name, or a list of names',
    ])
  for (const partition of ['none', [], ['tenant:t0', 'none']])
    expect(await refused({ partition })).toEqual(['invalid', 'partition', 'The route has no such partition.'])
  expect((await refused({ signal: 5 }))[1]).toBe('signal')
  expect((await refused({ to: 'nowhere' }))[0]).toBe('unavailable')
})

it('goes on with what was begun, and with nothing else before', async () => {
  const { move, put, body, count } = await scene()
  const begin = async (more: object) =>
    put((now) => ({
      ...now,
      move: {
        to: 'b',
        from: { 'tenant:t0': 'a', 'tenant:t1': 'a' },
        step: 'copying',
        by: '',
        beat: 1,
        ...more,
      },
    }))
  await begin({})
  const message = 'Move these partitions to b first, which was begun: tenant:t0, tenant:t1.'
  for (const more of [{}, { partition: ['tenant:t0', 'tenant:t1'], to: 'c' }])
    await expect(move(more)).rejects.toMatchObject({ code: 'conflict', message })
  // A wider one goes on with it, and then with its own.
  const all = ['tenant:t0', 'tenant:t1', 'tenant:t2']
  expect(await move({ partition: all })).toEqual({ copied: 4, removed: 4 })
  expect((await body()).move).toBeUndefined()
  await begin({ from: { 'tenant:t0': 'b' }, to: 'c', step: 'frozen' })
  expect(await move({ to: 'c' })).toEqual({ copied: 2, removed: 2 })
  expect([await count('b', 't0'), await count('c', 't0')]).toEqual([0, 2])
})

it('empties the old shard where a call had died over it', async () => {
  const { move, stores, put, count } = await scene()
  for (const n of [0, 1]) {
    const copy = (await stores.a.read(refOf('t0', n), { tail: 9 }))!
    await stores.b.restore(refOf('t0', n), {
      ...copy,
      record: { ...copy.record, changes: copy.record.changes + 1 },
    })
  }
  await put((now) => ({
    ...now,
    moved: { b: ['tenant:t0'] },
    move: { to: 'b', from: { 'tenant:t0': 'a' }, step: 'cleaning', by: '', beat: 1 },
  }))
  expect(await move()).toEqual({ copied: 0, removed: 2 })
  expect([await count('a', 't0'), await count('b', 't0'), await count('a', 't1')]).toEqual([0, 2, 2])
})

it('copies again what has changed, removes what is left over, and ends when nothing differs', async () => {
  const { move, stores, state, progress, count } = await scene()
  await stores.b.commit(refOf('t0', 7), { revision: 0, body: 'left over' })
  let looks = 0
  state.before = async (shard, method) => {
    if (shard !== 'b' || method !== 'restore' || looks++ > 0) return
    await stores.a.commit(refOf('t0', 1), { title: 'changed' })
  }
  const { copied, removed } = await move()
  expect([removed, copied >= 2, await count('b', 't0')]).toEqual([2, true, 2])
  expect((await stores.b.read(refOf('t0', 1)))!.record.title).toBe('changed')
  expect(progress.at(-1)).toMatch(/^cleaning/)
})

it('looks again while a shard is away for a moment, and gives up when it stays away', async () => {
  for (const [failures, isMoved] of [
    [2, true],
    [3, false],
  ] as const) {
    const { move, state, body, count } = await scene()
    let left: number = failures
    state.before = async (shard, method, query) => {
      const isLook = shard === 'a' && method === 'list' && (query as { tenantId: string }).tenantId === 't0'
      if (isLook && left > 0) {
        left--
        throw new SessionError('unavailable', 'away')
      }
    }
    const outcome = await move().then(
      () => true,
      (error: SessionError) => error.code,
    )
    expect([outcome, await count('b', 't0')]).toEqual(isMoved ? [true, 2] : ['unavailable', 0])
    // Another call may go on at once.
    if (!isMoved) expect((await body()).move).toMatchObject({ by: '', step: 'copying' })
  }
  const { move, state } = await scene()
  let lists = 0
  state.before = async (shard, method) => {
    if (shard !== 'a' || method !== 'list') return
    lists++
    throw new SessionError('corrupt', 'broken')
  }
  await expect(move()).rejects.toMatchObject({ code: 'corrupt' })
  expect(lists).toBeLessThan(9)
})

it('thaws what it froze when it cannot be brought over, and says which session it is', async () => {
  const { move, state, body, store } = await scene()
  state.before = async (shard, method, ref) => {
    if (shard === 'b' && method === 'restore' && (ref as { id: string }).id === 's1')
      throw new SessionError('corrupt', 'broken')
  }
  await expect(move()).rejects.toMatchObject({
    code: 'corrupt',
    message: 'Session s1 of t0 cannot be moved: broken',
    cause: { code: 'corrupt' },
  })
  expect((await body()).move).toMatchObject({ by: '', step: 'copying' })
  state.before = async () => {}
  await store.commit(refOf('t0', 1), { title: 'goes on' })
  // What changes although it is frozen is not handed over.
  let n = 0
  const other = await scene()
  other.state.before = async (shard, method) => {
    const isFrozen = (await other.body()).move?.step === 'frozen'
    if (isFrozen && shard === 'a' && method === 'list')
      await other.stores.a.commit(refOf('t0', 1), { title: `x${n++}` })
  }
  await expect(other.move()).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The sessions change although they are frozen.',
  })
  expect((await other.body()).move).toMatchObject({ by: '', step: 'copying' })
})

it('ends between two sessions when it is told to, and goes on when it is called again', async () => {
  const { move, body, count } = await scene()
  const over = new AbortController()
  const why = new Error('enough')
  const onProgress = ({ step }: MoveProgress) => {
    if (step === 'frozen') over.abort(why)
  }
  await expect(move({ signal: over.signal, onProgress })).rejects.toBe(why)
  expect((await body()).move).toMatchObject({ by: '', step: 'copying' })
  expect(await move({ signal: new AbortController().signal })).toEqual({ copied: 0, removed: 2 })
  expect([await count('a', 't0'), await count('b', 't0')]).toEqual([0, 2])
})

it('takes tenants as they come, and looks at none that has nothing to move', async () => {
  const { move, state, count } = await scene(150)
  const listed = new Set<string>()
  state.before = async (_, method, query) => {
    if (method === 'list') listed.add((query as { tenantId: string }).tenantId)
  }
  async function* all() {
    yield* tenants
  }
  expect(await move({ tenants: all })).toEqual({ copied: 150, removed: 150 })
  expect([...listed].filter((tenant) => !tenant.startsWith('~'))).toEqual(['t0'])
  expect(listed).toContain('~turns:t0')
  expect([await count('a', 't0'), await count('b', 't0')]).toEqual([0, 150])
})

// What an application passes where nothing is waited for: a function may throw, or be asynchronous and reject.
const failing: readonly (readonly [string, () => void])[] = [
  [
    'now',
    () => {
      throw new Error('now')
    },
  ],
  ['later', async () => Promise.reject(new Error('later'))],
]

it.each(failing)('goes on when what it tells of its steps fails %s', async (when, onProgress) => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => printed.mockRestore())
  const { move, count } = await scene()
  expect(await move({ onProgress })).toEqual({ copied: 2, removed: 2 })
  expect([await count('a', 't0'), await count('b', 't0')]).toEqual([0, 2])
  await vi.waitFor(() =>
    expect(printed.mock.calls).toContainEqual(['[sessions] onProgress failed:', new Error(when)]),
  )
})

it('refuses tenants that are a text, and what is no tenant, before a session stays behind', async () => {
  const { move, count, body } = await scene()
  for (const given of ['t0', ['t0', undefined], ['', 't0'], undefined]) {
    const wrong = { tenants: () => given as readonly string[] }
    await expect(move(wrong)).rejects.toMatchObject({ code: 'invalid', path: 'tenants' })
    expect((await body()).moved ?? {}).toEqual({})
  }
  expect(await count('a', 't0')).toBe(2)
})
