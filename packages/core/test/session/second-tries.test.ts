import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

const hello = { role: 'user', content: 'Hello' } as const

/** A store that does something instead of its next commit, once. */
function once() {
  const inner = memoryStore()
  let next: ((commit: () => ReturnType<SessionStore['commit']>) => Promise<never>) | undefined
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      const instead = next
      next = undefined
      const commit = () => inner.commit(ref, change)
      return instead === undefined ? commit() : instead(commit)
    },
  }
  return { inner, store, instead: (work: NonNullable<typeof next>) => void (next = work) }
}

it('a draft that could not be stored is stored by the next write', async () => {
  const { store, instead } = once()
  const mine = service({ store }).for(alice)
  const draft = mine.draft()
  for (const write of [() => draft.append(hello), () => draft.state.merge({ a: 1 })]) {
    instead(() => Promise.reject(new SessionError('unavailable', 'down')))
    expect(await codeOf(write())).toBe('unavailable')
    expect(draft.isStored).toBe(false)
  }
  await draft.append(hello)
  expect((await (await mine.get(draft.id)).history()).messages).toHaveLength(1)
})

it.each([31, 32, 100])(
  'a change whose answer was lost is never made twice: after %d others',
  async (others) => {
    const { inner, store, instead } = once()
    const session = await service({ store })
      .for(alice)
      .create({ state: { n: 0 } })
    const other = await service({ store: inner }).for(alice).get(session.id)
    const count = (by: typeof session) => by.state.update((state) => ({ n: Number(state['n']) + 1 }))
    instead(async (commit) => {
      await commit()
      for (let n = 0; n < others; n++) await count(other)
      throw new SessionError('unknown_outcome', 'The answer is lost.')
    })
    // The session names its newest changes alone, so its caller hears of it.
    expect(await codeOf(count(session))).toBe(others < 32 ? 'settled' : 'unknown_outcome')
    expect(await other.state.get()).toEqual({ n: others + 1 })
  },
)
