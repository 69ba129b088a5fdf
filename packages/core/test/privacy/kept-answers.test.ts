import { expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { createSessions, memoryStore, type Session } from '../../src/index.js'
import { sideRecordTenant } from '../../src/sealed.js'
import { alice, anonymous } from '../service.js'

const said = (granted: boolean) => ({ purpose: 'personalization', granted, version: '1', source: 'banner' })

/** A guest's session that got a preference by a request with a key, the request again, and what is kept of its answer. */
async function scene() {
  const store = memoryStore()
  const secrets = ['a secret that is long enough for all of these tests']
  const sessions = createSessions({ store, credentialSecrets: secrets, consent: {} })
  const api = createSessionApi({ sessions, identify: () => anonymous })
  const ask = async (method: string, path: string, body: object, headers: Record<string, string> = {}) =>
    api.handle(
      new Request(`https://api.example/sessions${path}`, {
        method,
        headers: { 'content-type': 'application/json', origin: 'https://api.example', ...headers },
        body: JSON.stringify(body),
      }),
    )
  const cookie = (await ask('POST', '', {})).headers.get('set-cookie')!.split(';')[0]!
  const credential = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1))
  const session = (await sessions.for(anonymous).findByCredential(credential))!
  const keyed = { cookie, 'idempotency-key': 'a-key-of-thirty-two-characters-or-more' }
  const send = async () => ask('PATCH', `/${session.id}/preferences`, { colour: 'crimson' }, keyed)
  const kept = async () => {
    const { items } = await store.list({ tenantId: sideRecordTenant('requests', 'acme'), limit: 10 })
    return Promise.all(items.map(async (item) => (await store.read(item))!.body))
  }
  expect(await (await send()).text()).toContain('crimson')
  expect((await kept()).join()).toContain('crimson')
  return { sessions, session, send, kept }
}

it('a guest’s withdrawal takes the words out of answers that are kept', async () => {
  const { session, send, kept } = await scene()
  const { removed } = await session.consent.set(said(false))
  expect(removed).toEqual({ preferences: 1 })
  expect(await kept()).toHaveLength(1)
  expect((await kept()).join()).not.toContain('crimson')
  expect(await (await send()).json()).toEqual({ erased: true })
})

it('another decision leaves them', async () => {
  const { session, kept } = await scene()
  await session.consent.set(said(true))
  await session.consent.set({ ...said(false), purpose: 'analytics' })
  expect((await kept()).join()).toContain('crimson')
})

it.each([
  ['does not allow it', alice, false],
  ['is known not to', { ...alice, consents: { personalization: false } }, undefined],
  ['allows it', alice, true],
])('a session that is bound to a user who %s goes by that', async (_, identity, granted) => {
  const { sessions, session, kept } = await scene()
  if (granted !== undefined) await sessions.consent.set(alice, said(granted))
  const held = (await sessions.for(identity).findByCredential(await session.credential())) as Session
  await held.bind()
  expect(await held.preferences.get()).toEqual(granted === true ? { colour: 'crimson' } : {})
  expect((await kept()).join().includes('crimson')).toBe(granted === true)
})
