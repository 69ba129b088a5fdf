import { expect, it } from 'vitest'
import {
  type Identity,
  memoryStore,
  SessionError,
  type Sessions,
  type SessionStore,
} from '../../src/index.js'
import type { RequestSession } from '../../src/node.js'
import { guests } from '../../src/http.js'
import { alice, anonymous, codeOf } from '../service.js'
import { hello, request, stored } from './one-request.js'

it('settles when a draft that is on its way to the store has been handed over', async () => {
  const { session, sent, gate, end } = request()
  const writing = session.get().then((draft) => draft.append(hello))
  await session.get()
  await Promise.resolve()
  const settled = session.settled().then(end)
  gate.open()
  await settled
  await writing
  expect(sent.getSetCookie()).toHaveLength(1)
})

it('settles at once when nothing is on its way', async () => {
  const { session, end } = request()
  const draft = await session.get()
  await session.settled().then(end)
  expect(await codeOf(draft.append(hello))).toBe('headers_sent')
  expect(draft.isStored).toBe(false)
})

it('settles when a draft could not be stored', async () => {
  const { session, sent, gate } = request({ commit: () => Promise.reject(new Error('down')) })
  const draft = await session.get()
  const writing = codeOf(draft.append(hello))
  const settled = session.settled()
  gate.open()
  await settled
  expect(await writing).not.toBe('settled')
  expect(sent.getSetCookie()).toEqual([])
})

it('has the credential in the headers before the session is stored: a response may go at any time', async () => {
  const { session, sessions, sent, gate, end } = request({ identity: anonymous })
  const draft = await session.get()
  const writing = draft.append(hello)
  // As a handler does that does not await its write.
  end()
  gate.open()
  await writing
  const [cookie] = sent.getSetCookie()
  const opened = await sessions.for(anonymous).findByCredential(/=([^;]*)/.exec(cookie!)![1]!)
  expect(opened?.id).toBe(draft.id)
})

it('hands over once the session is stored where nothing can be taken back', async () => {
  const { session, sent, gate } = request({ keeps: true })
  const draft = await session.get()
  const writing = draft.append(hello)
  expect(sent.getSetCookie()).toEqual([])
  gate.open()
  await writing
  expect(sent.getSetCookie()).toHaveLength(1)
})

it('keeps no session without a credential in the response: one that was made under another name, too late', async () => {
  const inner = memoryStore()
  let calls = 0
  const forgetful = Object.assign(Object.create(inner) as SessionStore, {
    commit: async (...given: Parameters<SessionStore['commit']>) => {
      const committed = await inner.commit(...given)
      if (++calls > 1) return committed
      // Its answer gets lost, and somebody deletes what it has made.
      await inner.remove(given[0])
      end()
      throw new SessionError('unknown_outcome', 'no answer')
    },
  })
  const { session, sessions, sent, gate, end } = request({ identity: anonymous, store: forgetful })
  gate.open()
  const code = await codeOf((await session.get()).append(hello))
  const [cookie] = sent.getSetCookie()
  const opened = await sessions.for(anonymous).findByCredential(/=([^;]*)/.exec(cookie!)![1]!)
  const items = await stored(sessions)
  expect(code === 'headers_sent' ? items : [opened?.id]).toEqual(
    code === 'headers_sent' ? [] : [items[0]?.id],
  )
})

it.each([
  ['insecure_transport', { isSecure: false }, { cookie: { secure: true } }],
  ['forbidden', { isSecure: true, isOfAnotherSite: true }, {}],
] as const)('stores nothing where the credential could not be given: %s', async (code, fields, options) => {
  const { session, sessions, sent, gate } = request({ fields, options, identity: anonymous })
  gate.open()
  const draft = await session.get()
  expect(await codeOf(draft.append(hello))).toBe(code)
  expect(await codeOf(draft.state.merge({ a: 1 }))).toBe(code)
  expect(await stored(sessions)).toEqual([])
  expect(sent.getSetCookie()).toEqual([])
})

it.each([
  [
    'bound',
    async (sessions: Sessions, credential: string) => {
      await (await sessions.for(alice).findByCredential(credential))!.bind()
    },
  ],
  [
    'rotated',
    async (sessions: Sessions, credential: string) => {
      await (await sessions.for(anonymous).findByCredential(credential))!.rotateCredential()
    },
  ],
])('begins no session for a credential that has been %s, unless it is told to', async (_, replace) => {
  const store = memoryStore()
  const first = request({ identity: anonymous, store })
  first.gate.open()
  const held = await first.session.get()
  await held.append(hello)
  const cookie = first.sent.getSetCookie()[0]!.split(';')[0]!
  await replace(first.sessions, cookie.slice(cookie.indexOf('=') + 1))

  const { session, sessions, sent, gate } = request({ identity: anonymous, store, fields: { cookie } })
  gate.open()
  expect(await session.find()).toBeUndefined()
  const draft = await session.get()
  expect((await draft.history()).messages).toEqual([])
  expect(await codeOf(draft.append(hello))).toBe('not_found')
  expect(await stored(sessions)).toHaveLength(1)
  expect(sent.getSetCookie()).toEqual([])
  await (await session.renew()).append(hello)
  expect(await stored(sessions)).toHaveLength(2)

  await sessions.for({ tenantId: 'acme', roles: ['admin'] }).delete(held.id)
  const later = request({ identity: anonymous, store, fields: { cookie } })
  later.gate.open()
  // A session that is gone leaves nothing to displace.
  await (await later.session.get()).append(hello)
  expect(later.sent.getSetCookie()).toHaveLength(1)
})

it('puts one credential into a response: what was decided last', async () => {
  const { session, sent, gate } = request({ identity: anonymous })
  gate.open()
  await (await session.get()).append(hello)
  session.forget()
  expect(sent.getSetCookie()).toEqual([expect.stringMatching(/^sessions=; Max-Age=0/)])
  await (await session.renew()).append(hello)
  expect(sent.getSetCookie()).toEqual([expect.not.stringMatching(/Max-Age=0/)])
})

it('gives one draft to all who ask at once', async () => {
  const { session } = request({ identity: anonymous })
  const [one, two] = await Promise.all([session.get(), session.get()])
  expect(one).toBe(two)
})

it.each([
  ['looked for', (session: RequestSession) => session.find()],
  ['begun anew', (session: RequestSession) => session.renew()],
])('keeps the answer private as soon as a session is %s', async (_, ask) => {
  const { session, sent } = request({ identity: anonymous, options: { header: true } })
  await ask(session)
  expect([...sent].toSorted()).toEqual([
    ['cache-control', 'no-store'],
    ['vary', 'Cookie, X-Session-Id'],
  ])
})

it.each(['an anonymous caller', 'a guest'])('gives no session of %s that it cannot name', async (who) => {
  const store = memoryStore()
  const named = who === 'a guest' ? { guests: guests({ secrets: ['x'.repeat(32)] }) } : {}
  const first = request({ identity: anonymous, store, ...named })
  first.gate.open()
  await (await first.session.get()).append(hello)
  const before = await stored(first.sessions)
  const cookie = first.sent.getSetCookie().map((each) => each.split(';')[0])
  let caller: Identity = anonymous
  const fields = { cookie: cookie.join('; ') }
  const { session, gate, end } = request({ identify: () => caller, store, fields, ...named })
  gate.open()
  if (who === 'a guest') expect((await session.find())?.id).toBe(before[0]!.id)
  caller = alice
  end()
  expect(await codeOf(session.bind())).toBe('headers_sent')
  expect(await stored(first.sessions)).toEqual(before)
})
