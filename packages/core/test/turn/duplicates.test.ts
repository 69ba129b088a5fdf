import { expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { alice, service } from '../service.js'

/** A store whose calls take a while, each another one, as those of a server do. */
function distant(store: SessionStore): SessionStore {
  const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
  return new Proxy(store, {
    get(inner, name: keyof SessionStore) {
      const call = inner[name] as (...args: unknown[]) => Promise<unknown>
      return async (...args: unknown[]) => {
        await pause()
        const given = await call.apply(inner, args)
        await pause()
        return given
      }
    },
  })
}

it('tells all who send one keyed message at once, to two processes, the one answer', async () => {
  const store = memoryStore()
  const processes = [0, 1].map(() => service({ store: distant(store) }).for(alice))
  let asked = 0
  for (let round = 0; round < 20; round++) {
    const { id } = await processes[0]!.create()
    const results = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const session = await processes[n % 2]!.get(id)
        return session.turn('count', () => `${++asked}`, { key: 'say' }).result
      }),
    )
    expect(new Set(results.map(({ text }) => text))).toEqual(new Set([`${round + 1}`]))
  }
})
