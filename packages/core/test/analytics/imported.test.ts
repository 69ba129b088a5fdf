import { expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions, type SessionWarning } from '../../src/index.js'
import { listLog } from './list-log.js'

const dayMs = 86_400_000
const query = { tenantId: 'acme', minGroup: 1 }
const tenants = ['acme']
const alice = { tenantId: 'acme', userId: 'alice' }
const decision = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'page' })

/** An export of three sessions of forty days ago, and a service that has kept the facts of all that it has. */
async function place(options: SessionsOptions = {}) {
  let now = Date.now() - 40 * dayMs
  const settings = {
    credentialSecrets: ['a secret that all processes know, and nobody else'],
    ttl: { idleMs: 1000 * dayMs, absoluteMs: 1000 * dayMs },
  }
  const theirs = createSessions({ store: memoryStore({ clock: () => now }), ...settings }).for(alice)
  for (const id of ['one', 'two', 'three']) {
    const session = await theirs.create({ id })
    await session.append({ role: 'user', content: 'battery life' })
    now += 3_600_000
  }
  const lines: string[] = []
  for await (const line of theirs.export()) lines.push(line)
  now = Date.now()
  const [log, warnings] = [listLog(), [] as SessionWarning[]]
  const shared = { store: memoryStore({ clock: () => now }), ...settings, ...options }
  const onWarning = (warning: SessionWarning) => void warnings.push(warning)
  const sessions = createSessions({ ...shared, onWarning, analytics: { log } })
  const plain = createSessions(shared)
  const mine = sessions.for(alice)
  await (await mine.create({ id: 'new' })).append({ role: 'user', content: 'refund' })
  await sessions.sweep({ tenants })
  expect(log.kept()).toHaveLength(1)
  const expectSame = async () => expect(await sessions.analytics(query)).toEqual(await plain.analytics(query))
  return { sessions, mine, lines, log, warnings, expectSame }
}

it('sessions that are imported are in the analytics, however long ago they were active', async () => {
  const { sessions, mine, lines, expectSame } = await place()
  await mine.import(lines)
  expect((await sessions.analytics(query)).total.sessions).toBe(4)
  await expectSame()
})

it('but not without the consent of their user', async () => {
  const { sessions, mine, lines, expectSame } = await place({ consent: {} })
  await mine.import(lines)
  expect(await sessions.analytics(query)).toMatchObject({ total: { sessions: 0 }, withoutConsent: 4 })
  await expectSame()
  await mine.consent.set(decision(true))
  expect((await sessions.analytics(query)).total.sessions).toBe(4)
  await expectSame()
})

it('with the next sweep, where the log was away meanwhile', async () => {
  const { sessions, mine, lines, log, warnings, expectSame } = await place()
  const { put } = log
  log.put = async () => {
    throw new Error('away')
  }
  expect((await mine.import(lines)).imported).toHaveLength(3)
  expect(warnings.map(({ code }) => code)).toEqual([
    'analytics_failed',
    'analytics_failed',
    'analytics_failed',
  ])
  log.put = put
  await sessions.sweep({ tenants })
  expect(log.kept()).toHaveLength(4)
  await expectSame()
})

it('with the same import again, where the process died over it', async () => {
  const { sessions, mine, lines, log, expectSame } = await place()
  const { put } = log
  log.put = async () => {}
  await mine.import(lines)
  log.put = put
  expect((await sessions.analytics(query)).total.sessions).toBe(1)
  expect((await mine.import(lines)).skipped).toHaveLength(3)
  await expectSame()
})
