import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError } from '../../src/index.js'
import { haltingStore, wrapStore } from '../../src/testing.js'
import { dumpOf } from '../privacy/user-data.js'
import { alice, service } from '../service.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const dayMs = 86_400_000
const said = (content: string) => ({ role: 'user' as const, content })

describe.each([
  ['that are kept until they are deleted', Infinity],
  ['with a deadline', 30 * dayMs],
])('of sessions %s', (_, ms) => {
  const ttl = { idleMs: ms, absoluteMs: ms }
  it.each(['fork', 'create'] as const)(
    'a long %s whose process dies leaves nothing that nobody finds',
    async (verb) => {
      for (let call = 1, calls = 1; call <= calls; call++) {
        let now = Date.now()
        const store = memoryStore({ clock: () => now })
        const living = service({ store, credentialSecrets, ttl })
        const messages = Array.from({ length: 2500 }, (_unused, n) => said(`a canary ${n}`))
        const source = verb === 'fork' ? await living.for(alice).create({ id: 'one', messages }) : undefined
        const halting = haltingStore(store, { call, when: 'after' })
        const mine = service({ store: halting.store, credentialSecrets, ttl }).for(alice)
        const begun =
          source === undefined
            ? mine.create({ messages })
            : mine.get('one').then(async (one) => mine.fork(one))
        await Promise.race([halting.died, begun])
        calls = Math.max(
          calls,
          halting.calls() + (await Promise.race([begun.then(() => 0), halting.died.then(() => 1)])),
        )
        now += 120_000
        await living.sweep()
        await living.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' })
        expect(await dumpOf(store, 'acme'), `after call ${call}`).not.toContain('canary')
      }
    },
  )

  it('a long fork is kept as long as its source', async () => {
    let now = Date.now()
    const store = memoryStore({ clock: () => now })
    const mine = service({ store, credentialSecrets, ttl }).for(alice)
    const source = await mine.create({ messages: Array.from({ length: 1500 }, () => said('hello')) })
    const fork = await mine.fork(source)
    now += 29 * dayMs
    expect((await fork.read()).record.lastSeq).toBe(1500)
    now += 50 * 365 * dayMs
    expect((await mine.list()).items).toHaveLength(ms === Infinity ? 2 : 0)
  })
})

it('a session that is stored, and could not be counted, is no session of which nobody knows', async () => {
  for (const lost of ['unavailable', 'unknown_outcome'] as const) {
    for (let at = 1, calls = 1; at <= calls; at++) {
      const inner = memoryStore()
      let count = 0
      const store = wrapStore(inner, async (method, call) => {
        if (++count < at) return call()
        const isWrite = !['read', 'list', 'messages'].includes(method)
        // The answer to the first write gets lost, and nothing is answered after it.
        if (count === at && lost === 'unknown_outcome') await call()
        throw new SessionError(count === at && isWrite ? lost : 'unavailable', 'No answer came.')
      })
      const mine = service({
        store,
        credentialSecrets,
        limits: { maxSessions: 9, maxSessionsPerUser: 5 },
      }).for(alice)
      const code = await mine.create({ id: 'one' }).then(
        () => 'settled',
        (error: { code: string }) => error.code,
      )
      calls = Math.max(calls, code === 'settled' ? at : at + 1)
      const isThere = (await inner.read({ tenantId: 'acme', id: 'one' })) !== undefined
      if (code === 'unavailable') expect(isThere, `${lost} at call ${at}`).toBe(false)
      else expect(['settled', 'unknown_outcome'], `${lost} at call ${at}`).toContain(code)
    }
  }
})
