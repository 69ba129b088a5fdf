import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionsOptions, SessionError, type SessionStore } from '../../src/index.js'
import { alice, service } from '../service.js'

const named = { id: 'm1', role: 'user', content: 'Hello' } as const
const unnamed = { role: 'user', content: 'Hello' } as const

/** A store that applies the next commit to a session, and loses the answer. */
function losing(options: SessionsOptions = {}) {
  let now = Date.UTC(2026, 0, 1)
  const inner = memoryStore({ clock: () => now })
  let isNext = false
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      const isLost = isNext && ref.tenantId === 'acme' && (change.messages?.length ?? 0) > 0
      if (isLost) isNext = false
      const committed = await inner.commit(ref, change)
      if (isLost) throw new SessionError('unknown_outcome', 'The answer is lost.')
      return committed
    },
  }
  const sessions = service({ store, ...options })
  const told = () => sessions.events.filter(({ type }) => type === 'message.appended').map(({ id }) => id)
  return {
    sessions,
    mine: sessions.for(alice),
    told,
    lose: () => void (isNext = true),
    pass: (ms: number) => void (now += ms),
  }
}

describe('an append whose answer was lost has stored its messages', () => {
  it.each([
    ['by a handle', named],
    ['by a handle, with an id of its own', unnamed],
  ])('%s', async (_, message) => {
    const { mine, lose, told } = losing()
    const session = await mine.create()
    await session.append({ role: 'user', content: 'before' })
    lose()
    expect(await session.append(message)).toMatchObject([{ seq: 2, inserted: true }])
    expect(told()).toHaveLength(2)
    const [known] = await session.append({ ...named, id: 'm2' })
    expect(await session.append({ ...named, id: 'm2' })).toMatchObject([{ ...known, inserted: false }])
  })

  it.each([
    ['by the id of the session', named],
    ['by the id of the session, with an id of its own', unnamed],
  ])('%s', async (_, message) => {
    const { mine, lose, told } = losing()
    const { id } = await mine.create()
    lose()
    expect(await mine.append(id, message)).toMatchObject([{ seq: 1, inserted: true }])
    expect(told()).toHaveLength(1)
  })

  it('by a turn, and tells of the question and of the reply', async () => {
    const { mine, lose, told } = losing()
    const session = await mine.create()
    for (let turn = 1; turn <= 2; turn++) {
      const { result } = session.turn('Hello', () => {
        lose()
        return 'fine'
      })
      expect((await result).replies).toHaveLength(1)
      expect(told()).toHaveLength(2 * turn)
      lose()
    }
  })

  it('by going back, in one change', async () => {
    const { mine, lose, told } = losing()
    const session = await mine.create()
    await session.append([unnamed, unnamed])
    lose()
    await session.rewind(1, { append: { role: 'user', content: 'instead' } })
    expect(told()).toHaveLength(3)
    expect((await session.history()).messages.map(({ content }) => content)).toEqual(['Hello', 'instead'])
  })

  it('behind a history that is over, which is dropped', async () => {
    const { mine, lose, pass } = losing({ ttl: { historyMs: 1000, idleMs: Infinity, absoluteMs: Infinity } })
    const session = await mine.create()
    for (const append of [
      () => session.append(named),
      () => mine.append(session.id, { ...named, id: 'm2' }),
    ]) {
      await session.append({ role: 'user', content: 'a secret' })
      pass(2000)
      lose()
      await append()
      expect((await session.history()).messages.map(({ content }) => content)).toEqual(['Hello'])
    }
  })
})

it('a message that was on no branch is put on one, also where the answer of its append was lost', async () => {
  const { mine, lose } = losing()
  const session = await mine.create()
  await session.append([unnamed, named])
  await session.rewind(1)
  for (const append of [() => session.append(named), () => mine.append(session.id, named)]) {
    lose()
    await append()
    expect((await session.history()).messages.map(({ content }) => content)).toEqual(['Hello', 'Hello'])
  }
})
