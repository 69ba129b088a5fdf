import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { alice, service } from '../service.js'
import { echo, gated, lines } from './turns.js'

const turns = { flushMs: 3_600_000, heartbeatMs: 3_600_000 }

async function place() {
  const store = memoryStore()
  const sessions = service({ store, turns })
  const session = await sessions.for(alice).create({ id: 'one' })
  for (const text of ['one', 'two', 'three']) await session.turn(text, echo).result
  sessions.events.length = 0
  return { store, sessions, session }
}

it.each([
  [{ byMachin: true }, 'byMachin'],
  [{ byMachine: 'yes' }, 'byMachine'],
  [{ changeId: 7 }, 'changeId'],
  [{ ifRevision: '1' }, 'ifRevision'],
])('a rewind refuses %j', async (options, path) => {
  const { sessions, session } = await place()
  await expect(session.rewind(2, options as never)).rejects.toMatchObject({ code: 'invalid', path })
  await expect(session.rewind('2' as never)).rejects.toMatchObject({ code: 'invalid', path: 'toSeq' })
  expect(await lines(session)).toHaveLength(6)
  expect(sessions.events).toEqual([])
})

it('gives the branch that was left, and tells of it', async () => {
  const { sessions, session } = await place()
  const first = await session.rewind(4)
  const appended = await session.rewind(2, { append: { role: 'user', content: 'other' } })
  const machine = await session.rewind(2, { byMachine: true })
  const again = await session.rewind(1, { changeId: 'once' })
  expect(await session.rewind(1, { changeId: 'once' })).toEqual(again)
  const ids = (await session.branches()).map(({ id }) => id)
  expect(ids.toSorted()).toEqual([first, appended, machine, again].map(({ id }) => id).toSorted())
  await session.switchBranch(first.id)
  expect(await lines(session)).toHaveLength(6)
  expect(sessions.events.filter(({ type }) => type.startsWith('session.'))).toMatchObject([
    { type: 'session.rewound', toSeq: 4 },
    { type: 'session.rewound', toSeq: 2 },
    { type: 'session.rewound', toSeq: 2 },
    { type: 'session.rewound', toSeq: 1 },
    { type: 'session.branched', branchId: first.id },
  ])
  for (const [branch, count] of [
    [appended, 4],
    [machine, 3],
  ] as const) {
    await session.switchBranch(branch.id)
    expect([branch.id, (await lines(session)).length]).toEqual([branch.id, count])
  }
})

it('gives each repeat of a rewind its own branch, and goes back no further', async () => {
  const { sessions, session } = await place()
  const first = await session.rewind(4, { changeId: 'first' })
  await session.turn('four', echo).result
  const second = await session.rewind(2, { changeId: 'second' })
  await session.turn('five', echo).result
  // More changes than a body knows by their names.
  for (const changes of [0, 40]) {
    for (let n = 0; n < changes; n++) await session.state.merge({ n })
    const { respond, begun, open } = gated('Hello')
    const running = session.turn('six', respond)
    await begun
    expect(await session.rewind(4, { changeId: 'first' })).toEqual(first)
    expect(await session.rewind(2, { changeId: 'second' })).toEqual(second)
    open()
    expect((await running.result).text).toBe('Hello')
  }
  expect(await lines(session)).toHaveLength(8)
  expect(sessions.events.filter(({ type }) => type === 'session.rewound')).toHaveLength(2)
  await session.state.merge({}, { changeId: 'state' })
  await expect(session.rewind(2, { changeId: 'state' })).rejects.toMatchObject({ path: 'changeId' })
})

it.each(['rewind', 'switch'] as const)(
  'a %s stops the turn that it leaves, here and elsewhere',
  async (how) => {
    for (const where of ['here', 'elsewhere'] as const) {
      const { store, session } = await place()
      const branch = await session.rewind(2)
      const { respond, begun, open } = gated('Hello')
      const signals: AbortSignal[] = []
      const turn = session.turn('Hi', (context) => (signals.push(context.signal), respond(context)))
      await begun
      const { turnId } = await turn.started
      const leaver = where === 'here' ? session : await createSessions({ store, turns }).for(alice).get('one')
      await (how === 'rewind' ? leaver.rewind(2) : leaver.switchBranch(branch.id))
      if (where === 'here') expect(signals[0]!.aborted).toBe(true)
      else {
        const kept = (await store.read({ tenantId: '~turns:acme', id: turnId }))!
        expect(JSON.parse(kept.body)).toMatchObject({ stop: 'interrupted' })
      }
      open()
      await expect(turn.result).rejects.toMatchObject({ code: 'turn_lost' })
      expect(await lines(leaver)).toHaveLength(how === 'rewind' ? 2 : 6)
    }
  },
)

it('a reset stops the turn that runs, tells of itself, and is nothing to a draft', async () => {
  const { sessions, session, store } = await place()
  const { respond, begun, open } = gated('Hello')
  const signals: AbortSignal[] = []
  const turn = session.turn('Hi', (context) => (signals.push(context.signal), respond(context)))
  await begun
  await session.reset()
  expect(signals[0]!.aborted).toBe(true)
  open()
  await expect(turn.result).rejects.toMatchObject({ code: 'turn_lost' })
  expect(await lines(session)).toEqual([])
  expect(sessions.events.filter(({ type }) => type === 'session.reset')).toHaveLength(1)
  const draft = sessions.for(alice).draft()
  await draft.reset()
  expect(sessions.events.filter(({ type }) => type === 'session.reset')).toHaveLength(1)
  expect((await store.list({ tenantId: 'acme', limit: 10 })).items).toHaveLength(1)
})
