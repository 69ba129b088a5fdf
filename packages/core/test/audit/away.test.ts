import { expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionErrorCode,
  type SessionStore,
} from '../../src/index.js'
import { noteAudit } from '../../src/audit/note.js'
import { serviceOf } from '../../src/sessions.js'
import { codeOf } from '../service.js'

const secrets = ['a secret that signs what is on record']
const entry = { tenantId: 'acme', action: 'report.sent', actor: 'host' } as const

it.each<SessionErrorCode>(['unavailable', 'unknown_outcome', 'store_full'])(
  'whoever waits behind a commit that ends as %s is refused with it, and waits for none of their own',
  async (code) => {
    const inner = memoryStore()
    const held: ((error: SessionError) => void)[] = []
    let isAway = false
    const store: SessionStore = {
      ...inner,
      commit: async (ref, change) =>
        isAway ? new Promise((_, reject) => held.push(reject)) : inner.commit(ref, change),
    }
    const { audit } = createSessions({ audit: { secrets, store } })
    await audit.append(entry)
    isAway = true
    const first = codeOf(audit.append(entry))
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    // More than fit into one commit.
    const others = Array.from({ length: 500 }, async () => codeOf(audit.append(entry)))
    await new Promise((resolve) => setImmediate(resolve))
    let commits = 0
    const refused = Promise.all([first, ...others])
    for (let turns = 0; turns < 100; turns++) {
      const reject = held.shift()
      if (reject !== undefined) {
        commits++
        reject(new SessionError(code, 'it is away'))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(new Set(await refused)).toEqual(new Set(['unavailable']))
    // A commit of which nobody knows what became of it is tried again.
    expect(commits).toBe(code === 'unknown_outcome' ? 6 : 1)
    isAway = false
    await audit.append(entry)
    expect(await audit.verify({ tenantId: 'acme' })).toMatchObject({ ok: true, entries: 2 })
  },
)

it('settles with what was noted until then, although somebody is refused all the time', async () => {
  const inner = memoryStore()
  const held: (() => void)[] = []
  let isSlow = false
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      if (isSlow) await new Promise<void>((resolve) => held.push(resolve))
      return inner.commit(ref, change)
    },
  }
  const sessions = createSessions({ audit: { secrets, store } })
  await sessions.audit.append(entry)
  isSlow = true
  const note = (sessionId: string): void =>
    noteAudit(
      serviceOf(sessions),
      { tenantId: 'acme', actor: 'anonymous', action: 'read.denied', sessionId },
      'refused',
    )
  const passes = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  note('one')
  while (held.length === 0) await passes()
  const state = { isSettled: false }
  const settled = sessions.settled().then(() => (state.isSettled = true))
  for (let turns = 0; turns < 20_000 && !state.isSettled; turns++) {
    note(`later ${turns}`)
    await passes()
    held.shift()?.()
  }
  expect(state.isSettled).toBe(true)
  isSlow = false
  for (const resolve of held) resolve()
  await settled
})
