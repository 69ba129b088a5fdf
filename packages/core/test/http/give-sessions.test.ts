import { expect, it } from 'vitest'
import { giveSessions } from '../../src/http/give-sessions.js'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionErrorCode,
  type SessionStore,
} from '../../src/index.js'

const tenantId = 'acme'
const alice = { tenantId, userId: 'alice' }
const guest = { tenantId, userId: 'guest:one' }

/** A service on whose store reads of some sessions fail. */
function service(failing: Readonly<Record<string, SessionErrorCode>> = {}) {
  const inner = memoryStore()
  const store: SessionStore = {
    ...inner,
    async read(ref, options) {
      const code = failing[ref.id]
      if (code !== undefined) throw new SessionError(code, 'It cannot be read.')
      return inner.read(ref, options)
    },
  }
  const sessions = createSessions({ store, onWarning: () => {} })
  const idsOf = async (identity: typeof alice) =>
    (await sessions.for(identity).list({ limit: 200 })).items.map(({ id }) => id).toSorted()
  return { sessions, store, theirs: sessions.for(guest), idsOf }
}

it('gives all sessions of the guest, also those behind many that cannot be read, and nobody else’s', async () => {
  const { sessions, store, theirs, idsOf } = service()
  const credential = await (await theirs.create({ id: 'first' })).credential()
  const broken = Array.from({ length: 101 }, (_, n) => `broken ${n}`)
  for (const id of broken)
    await store.commit({ tenantId, id }, { revision: 0, body: 'no body', userId: guest.userId })
  await theirs.create({ id: 'last' })
  await sessions.for({ tenantId, userId: 'guest:two' }).create({ id: 'of another guest' })
  await sessions.for({ ...guest, tenantId: 'other' }).create({ id: 'of another tenant' })
  expect(await giveSessions(theirs, alice)).toEqual(['last', 'first'])
  expect(await idsOf(alice)).toEqual(['first', 'last'])
  expect(await idsOf(guest)).toEqual(broken.toSorted())
  expect(await idsOf({ tenantId, userId: 'guest:two' })).toEqual(['of another guest'])
  expect(await idsOf({ tenantId: 'other', userId: guest.userId })).toEqual(['of another tenant'])
  for (const caller of [alice, guest, { tenantId }])
    expect(await sessions.for(caller).findByCredential(credential)).toBeUndefined()
  expect(await giveSessions(theirs, alice)).toEqual([])
})

it.each(['not_found', 'corrupt', 'unknown_key'] as const)(
  'leaves a session whose read says %s, and gives the others',
  async (code) => {
    const { theirs, idsOf } = service({ odd: code })
    for (const id of ['one', 'odd', 'two']) await theirs.create({ id })
    expect((await giveSessions(theirs, alice)).toSorted()).toEqual(['one', 'two'])
    expect([await idsOf(alice), await idsOf(guest)]).toEqual([['one', 'two'], ['odd']])
  },
)

it('tells of an outage, rather than that all are given', async () => {
  const { theirs } = service({ away: 'unavailable' })
  await theirs.create({ id: 'away' })
  await expect(giveSessions(theirs, alice)).rejects.toMatchObject({ code: 'unavailable' })
})
