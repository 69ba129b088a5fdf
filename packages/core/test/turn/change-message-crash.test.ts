import { describe, expect, it } from 'vitest'
import { memoryStore, type Session, SessionError, type SessionStore } from '../../src/index.js'
import { type CrashPoint, haltingStore } from '../../src/testing/halting-store.js'
import { wrapStore } from '../../src/testing/wrap-store.js'
import { alice, service } from '../service.js'
import { dumpOf } from './store-dump.js'

const secret = 'my number is 47-11'

async function place(point?: CrashPoint) {
  const store = memoryStore()
  const survivor = await service({ store }).for(alice).create({ id: 'one' })
  await survivor.turn({ content: secret, id: 'm1' }, () => secret, { reuse: { ttlMs: 60_000 } }).result
  await survivor.append({ role: 'user', content: 'x'.repeat(8000) })
  await survivor.remember({ text: secret, seq: 1 })
  await survivor.compact({ keepTokens: 1, minTokens: 1 })
  // The first call opens the session.
  const dying = haltingStore(store, point && { ...point, call: point.call + 1 })
  const doomed = await service({ store: dying.store }).for(alice).get('one')
  return { store, survivor, doomed, dying }
}

const verbs: [string, (session: Session) => Promise<unknown>, (store: SessionStore) => Promise<void>][] = [
  [
    'redact',
    async (session) => {
      await session.redact(1)
      await session.redact(2)
    },
    async (store) => expect(await dumpOf(store, 'acme')).not.toContain('47-11'),
  ],
  [
    'amend',
    async (session) => {
      await session.amend(1, { content: 'once' })
      await session.amend(2, { content: 'once' })
    },
    async (store) => {
      const dump = await dumpOf(store, 'acme')
      expect(dump).not.toContain('47-11')
      expect(dump).not.toContain('\\"count\\":2')
    },
  ],
  [
    'annotate',
    async (session) => session.annotate(2, { rating: 'up' }),
    async (store) =>
      expect(await dumpOf(store, 'acme')).toContain('\\"annotations\\":{\\"rating\\":\\"up\\"}'),
  ],
]

describe.each(verbs)('a process that dies in %s', (_, run, holds) => {
  it('at any call of its store: the same again finishes it', async () => {
    const probe = await place()
    await run(probe.doomed)
    const last = probe.dying.calls() - 1
    expect(last).toBeGreaterThan(1)
    for (let call = 1; call <= last; call++) {
      for (const when of ['before', 'after'] as const) {
        const { store, survivor, doomed, dying } = await place({ call, when })
        await Promise.race([dying.died, run(doomed)])
        await run(survivor)
        await holds(store)
      }
    }
  })

  it('whose every answer gets lost once: it happens once', async () => {
    const { store } = await place()
    let calls = 0
    const forgetful = wrapStore(store, async (method, make) => {
      const answer = await make()
      const isLost = (method === 'amend' || method === 'commit') && ++calls % 2 === 1
      if (isLost) throw new SessionError('unknown_outcome', 'The answer got lost.')
      return answer
    })
    const sessions = service({ store: forgetful })
    await run(await sessions.for(alice).get('one'))
    await holds(store)
    const told = sessions.events.filter(({ type }) => /message\.(redacted|amended|annotated)/.test(type))
    expect(told).toHaveLength(await heard(run))
  })
})

async function heard(run: (session: Session) => Promise<unknown>): Promise<number> {
  const sessions = service()
  const one = await sessions.for(alice).create({ id: 'one' })
  await one.append(['a', 'b'].map((content) => ({ role: 'user' as const, content })))
  await run(one)
  return sessions.events.filter(({ type }) => /message\.(redacted|amended|annotated)/.test(type)).length
}
