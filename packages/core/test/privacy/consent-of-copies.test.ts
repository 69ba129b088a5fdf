import { describe, expect, it } from 'vitest'
import { type CallerSessions, createSessions, type Identity, type Session } from '../../src/index.js'
import { alice, codeOf } from '../service.js'

const nobody = { tenantId: 'acme' }
const bob = { tenantId: 'acme', userId: 'bob' }
const said = (purpose: string, granted: boolean) => ({ purpose, granted, version: '1', source: 'banner' })

/** A service, and a session of nobody whose holder has decided on personalization and analytics. */
async function scene({ usual, decided }: { usual: boolean; decided: boolean }) {
  const secrets = ['a secret that is long enough for all of these tests']
  const consent = { unsaid: { personalization: usual } }
  const sessions = createSessions({ credentialSecrets: secrets, consent })
  const source = await sessions.for(nobody).create()
  await source.append({ role: 'user', content: 'Hello' })
  await source.consent.set(said('analytics', true))
  await source.consent.set(said('personalization', true))
  await source.preferences.merge({ colour: 'red' })
  if (!decided) await source.consent.set(said('personalization', false))
  return { sessions, source }
}

const ways: [string, (mine: CallerSessions, source: Session) => Promise<Session>][] = [
  ['a fork', async (mine, source) => mine.fork(source)],
  [
    'a copy by transfer',
    async (mine, source) => {
      const { secret } = await source.transfer({ mode: 'copy', allowAnonymous: true })
      return ((await mine.redeem({ secret })) as { session: Session }).session
    },
  ],
]

describe.each(ways)('%s', (_, copyOf) => {
  it('of a session of nobody goes by what its holder has decided', async () => {
    const { sessions, source } = await scene({ usual: true, decided: false })
    const copy = await copyOf(sessions.for(nobody), source)
    expect(await copy.consent.get()).toEqual(await source.consent.get())
    expect(await codeOf(copy.preferences.merge({ colour: 'red' }))).toBe('consent_missing')
    expect(await copy.consent.allows('analytics')).toBe(true)
  })

  it('keeps preferences that its holder allows', async () => {
    const { sessions, source } = await scene({ usual: false, decided: true })
    const copy = await copyOf(sessions.for(nobody), source)
    expect(await copy.preferences.get()).toEqual({ colour: 'red' })
    expect(await copy.consent.allows('personalization')).toBe(true)
  })

  it.each([
    ['a user who has said nothing', bob, false],
    ['a user whom trusted code knows to allow it', { ...bob, consents: { personalization: true } }, true],
  ] as [string, Identity, boolean][])('goes by the decisions of %s', async (_who, identity, isKept) => {
    const { sessions, source } = await scene({ usual: false, decided: true })
    const copy = await copyOf(sessions.for(identity), source)
    expect(copy.record.userId).toBe('bob')
    expect(await copy.preferences.get()).toEqual(isKept ? { colour: 'red' } : {})
  })
})

it('a copy of a user’s session for nobody has no preferences where nobody has allowed them', async () => {
  const { sessions } = await scene({ usual: false, decided: true })
  const mine = sessions.for(alice)
  await mine.consent.set(said('personalization', true))
  const source = await mine.create({ preferences: { colour: 'red' } })
  const copy = await ways[1]![1](sessions.for(nobody), source)
  expect(await copy.preferences.get()).toEqual({})
  expect(await copy.consent.get()).toEqual({ purposes: {}, history: [] })
})
