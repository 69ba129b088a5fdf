import { expect, it } from 'vitest'
import { memoryStore, type Message, SessionError, type SessionStore } from '../../src/index.js'
import { putAgain } from '../../src/service/put-again.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { alice, codeOf, service } from '../service.js'

const said = (id: string, more: object = {}) =>
  ({ id, role: 'user', content: `said ${id}`, ...more }) as const

/** A session whose branch has left `b` and `c` behind, and what happens before its next commit. */
async function scene() {
  const inner = memoryStore()
  let before: ((commit: () => ReturnType<SessionStore['commit']>) => Promise<unknown>) | undefined
  const commits: object[] = []
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      commits.push(change)
      const commit = () => inner.commit(ref, change)
      const once = before
      before = undefined
      return (once === undefined ? commit() : once(commit)) as ReturnType<SessionStore['commit']>
    },
  }
  const mine = service({ store }).for(alice)
  const session = await mine.create({ id: 's', messages: [said('a'), said('b'), said('c')] })
  const all = (await session.history()).messages
  await session.rewind(1)
  const live = liveSessionOf(session, 'session')
  const other = await service({ store: inner }).for(alice).get('s')
  const shown = async () => (await other.history()).messages.map(({ id }) => id).join('')
  commits.length = 0
  const named = (ids: string) => [...ids].map((id) => all.find((message) => message.id === id)!)
  const beforeCommit = (act: NonNullable<typeof before>) => void (before = act)
  return { live, other, shown, commits, named, beforeCommit, session, inner }
}

it('puts messages back where they were, and again changes nothing', async () => {
  const { live, shown, commits, named } = await scene()
  const placed = await putAgain(live, named('bc'))
  expect([placed.map(({ seq }) => seq), await shown(), commits.length]).toEqual([[2, 3], 'abc', 1])
  expect((await live.load()).body.path).toEqual([
    { from: 1, to: 1 },
    { from: 2, to: 2 },
    { from: 3, to: 3 },
    { from: 4 },
  ])
  expect([await putAgain(live, named('abc')), await putAgain(live, [])]).toEqual([[], []])
  expect([await shown(), commits.length]).toEqual(['abc', 1])
})

it('puts back what is missing beside what is there, by copies where the order differs', async () => {
  const { live, shown, named } = await scene()
  expect((await putAgain(live, named('cb'))).map(({ seq }) => seq)).toEqual([4, 5])
  expect(await shown()).toBe('acb')
  const mixed = await scene()
  expect((await putAgain(mixed.live, mixed.named('ab'))).map(({ seq }) => seq)).toEqual([1, 4])
  expect(await mixed.shown()).toBe('ab')
  // The same twice is one.
  const twice = await scene()
  expect((await putAgain(twice.live, twice.named('bb'))).map(({ seq }) => seq)).toEqual([4, 4])
  expect(await twice.shown()).toBe('ab')
})

it('comes after what another caller appended meanwhile, or on the branch that it chose', async () => {
  const appended = await scene()
  await appended.live.load()
  appended.beforeCommit(async (commit) => {
    await appended.other.append(said('new'))
    await appended.other.state.merge({ a: 1 })
    return commit()
  })
  const placed = await putAgain(appended.live, appended.named('b'))
  expect([placed.map(({ seq }) => seq), await appended.shown()]).toEqual([[5], 'anewb'])
  const rewound = await scene()
  await rewound.live.load()
  rewound.beforeCommit(async (commit) => {
    await rewound.other.rewind(0)
    return commit()
  })
  expect(await putAgain(rewound.live, rewound.named('b'))).toHaveLength(1)
  expect(await rewound.shown()).toBe('b')
})

it('copies no message that another caller has put there meanwhile', async () => {
  const { live, other, shown, named, beforeCommit } = await scene()
  await live.load()
  await other.append(said('new'))
  beforeCommit(async (commit) => {
    await putAgain(liveSessionOf(other, 'session'), named('b'))
    return commit()
  })
  const placed = await putAgain(live, named('b'))
  expect([placed.map(({ id }) => id), await shown()]).toEqual([['b'], 'anewb'])
})

it('keeps how a message ended, but for one that cannot be read', async () => {
  const { live, named, inner } = await scene()
  const [b] = named('b') as [Message]
  const [failed] = await putAgain(live, [named('c')[0]!, { ...b, status: 'failed' }]).then((all) =>
    all.slice(1),
  )
  expect(failed!.status).toBe('failed')
  const corrupt = await scene()
  const [copy] = (await putAgain(corrupt.live, [corrupt.named('c')[0]!, { ...b, status: 'corrupt' }])).slice(
    1,
  )
  expect(copy!.status).toBe('completed')
  expect((await inner.read({ tenantId: 'acme', id: 's' }))!.record.lastSeq).toBe(5)
})

it('tells what the store refuses, and goes on where a copy has its id already', async () => {
  for (const error of [
    new SessionError('too_large', 'full'),
    new SessionError('conflict', 'odd', { messageId: 'another' }),
  ]) {
    const { live, named, beforeCommit } = await scene()
    beforeCommit(() => Promise.reject(error))
    expect(await codeOf(putAgain(live, named('cb')))).toBe(error.code)
  }
  const { live, named, shown, session } = await scene()
  await putAgain(live, named('cb'))
  await session.rewind(1)
  const again = await putAgain(live, named('cb'))
  expect([again.map(({ id, seq }) => `${id}${seq}`), await shown()]).toEqual([['c6', 'b7'], 'acb'])
})
