import { expect, it } from 'vitest'
import { type Identity, memoryStore, type SessionStore } from '../../src/index.js'
import { guests } from '../../src/http.js'
import { admin, alice, anonymous, codeOf } from '../service.js'
import { type Asked, credentialIn, hello, request, stored } from './one-request.js'

const named = { guests: guests({ secrets: ['x'.repeat(32)] }) }

const open = (asked: Asked) => {
  const made = request({ ...named, ...asked })
  made.gate.open()
  return made
}

/** A guest with so many sessions: the cookie that names the guest, and the id and the cookie of each session. */
async function guestWith(store: SessionStore, count: number) {
  let guest = ''
  const made: { id: string; cookie: string }[] = []
  while (made.length < count) {
    const { session, sent } = open({ store, identity: anonymous, fields: { cookie: guest } })
    const draft = await session.renew()
    await draft.append(hello)
    guest = sent
      .getSetCookie()
      .find((each) => each.startsWith('guest='))!
      .split(';')[0]!
    made.push({ id: draft.id, cookie: `sessions=${credentialIn(sent)}` })
  }
  return { guest, made }
}

/** A request of somebody who signs in. */
const signingIn = (store: SessionStore, cookies: readonly string[], identity: Identity = alice) =>
  open({ store, identity, fields: { cookie: cookies.join('; ') } })

const ownersOf = async ({ sessions }: ReturnType<typeof open>) =>
  (await stored(sessions)).map(({ userId }) => userId)

it.each([0, 1])(
  'gives a guest’s sessions to the user, and goes on with the one of the credential',
  async (at) => {
    const store = memoryStore()
    const { guest, made } = await guestWith(store, 2)
    const one = signingIn(store, [guest, made[at]!.cookie])
    expect((await one.session.bind()).id).toBe(made[at]!.id)
    expect((await one.session.find())?.id).toBe(made[at]!.id)
    expect(await ownersOf(one)).toEqual(['alice', 'alice'])
    expect((await one.sessions.for(alice).findByCredential(credentialIn(one.sent)))?.id).toBe(made[at]!.id)
    expect(one.sent.getSetCookie()).toContainEqual(expect.stringMatching(/^guest=; Max-Age=0/))
  },
)

it('goes on with the guest’s last session where no credential names one that is left', async () => {
  for (const isRemoved of [false, true]) {
    const store = memoryStore()
    const { guest, made } = await guestWith(store, 2)
    const [first, second] = [made[0]!, made[1]!]
    const one = signingIn(store, isRemoved ? [guest, first.cookie] : [guest])
    await one.sessions.for(admin).delete(first.id)
    expect((await one.session.bind()).id).toBe(second.id)
    expect(await ownersOf(one)).toEqual(['alice'])
  }
})

it('goes on with the session that is named: a guest’s or one that the user had before', async () => {
  for (const which of ['guest', 'user'] as const) {
    const store = memoryStore()
    const { guest, made } = await guestWith(store, 2)
    const one = signingIn(store, [guest, made[0]!.cookie])
    const { id } = which === 'guest' ? made[1]! : await one.sessions.for(alice).create()
    expect((await one.session.bind(id)).id).toBe(id)
    expect(new Set(await ownersOf(one))).toEqual(new Set(['alice']))
    expect((await one.sessions.for(alice).findByCredential(credentialIn(one.sent)))?.id).toBe(id)
  }
})

it('gives nothing for an id that is neither’s', async () => {
  const store = memoryStore()
  const { guest, made } = await guestWith(store, 1)
  const one = signingIn(store, [guest, made[0]!.cookie])
  const before = await ownersOf(one)
  expect(await codeOf(one.session.bind('unknown'))).toBe('not_found')
  expect(await ownersOf(one)).toEqual(before)
  expect(one.sent.getSetCookie()).toEqual([])
})

it('is for users: a guest stays a guest, with sessions and without', async () => {
  const refusal = { code: 'unauthenticated', message: 'Only a signed-in user can own a session.' }
  const store = memoryStore()
  const { guest, made } = await guestWith(store, 1)
  const one = signingIn(store, [guest, made[0]!.cookie], anonymous)
  await expect(one.session.bind()).rejects.toMatchObject(refusal)
  expect(await ownersOf(one)).toEqual([expect.stringMatching(/^guest:/)])
  await one.sessions.for(admin).delete(made[0]!.id)
  for (const cookies of [[guest], []]) {
    const { session, sent } = signingIn(store, cookies, anonymous)
    await expect(session.bind()).rejects.toMatchObject(refusal)
    expect(sent.getSetCookie()).toEqual([])
  }
})

it('replaces the credential of a session of nobody, for a caller who was never a guest', async () => {
  const store = memoryStore()
  const first = open({ store, identity: anonymous, guests: undefined })
  const draft = await first.session.get()
  await draft.append(hello)
  const cookie = `sessions=${credentialIn(first.sent)}`
  expect(await codeOf(signingIn(store, [cookie]).session.bind('another'))).toBe('not_found')
  expect(await ownersOf(first)).toEqual([undefined])
  const one = signingIn(store, [cookie])
  expect((await one.session.bind(draft.id)).id).toBe(draft.id)
  expect(await ownersOf(one)).toEqual(['alice'])
  const now = `sessions=${credentialIn(one.sent)}`
  expect(now).not.toBe(cookie)
  expect((await signingIn(store, [now]).session.find())?.id).toBe(draft.id)
  expect(await signingIn(store, [cookie]).session.find()).toBeUndefined()
})

/** An anonymous session, and a request of its browser, of whoever has signed in there. */
async function anonymousIn(store: SessionStore) {
  const first = request({ store, identity: anonymous })
  first.gate.open()
  const draft = await first.session.renew()
  await draft.append(hello)
  const cookie = `sessions=${credentialIn(first.sent)}`
  const from = (identity: Identity) => {
    const made = request({ store, identity, fields: { cookie } })
    made.gate.open()
    return made
  }
  return { id: draft.id, from, sessions: first.sessions }
}

it('gives a browser that signs in twice at once one credential, whichever answer comes last', async () => {
  const { id, from, sessions } = await anonymousIn(memoryStore())
  const tabs = [from(alice), from(alice)]
  await Promise.all(tabs.map(({ session }) => session.find()))
  const bound = await Promise.all(tabs.map(({ session }) => session.bind()))
  expect(bound.map((each) => each.id)).toEqual([id, id])
  for (const { sent } of tabs) {
    expect((await sessions.for(alice).findByCredential(credentialIn(sent)))?.id).toBe(id)
  }
})

it('gives the session again to a browser that never got the answer, and to nobody else', async () => {
  const { id, from, sessions } = await anonymousIn(memoryStore())
  await from(alice).session.bind()
  const again = from(alice)
  await again.session.get()
  expect((await again.session.bind(id)).id).toBe(id)
  expect((await again.session.get()).id).toBe(id)
  expect((await sessions.for(alice).findByCredential(credentialIn(again.sent)))?.id).toBe(id)
  for (const [identity, named, code] of [
    [alice, 'another', 'not_found'],
    [{ ...alice, userId: 'mallory' }, undefined, 'not_found'],
    [{ ...alice, tenantId: 'other' }, undefined, 'not_found'],
    [anonymous, undefined, 'not_found'],
    [admin, undefined, 'not_found'],
  ] as const) {
    const other = from(identity)
    expect(await codeOf(other.session.bind(named))).toBe(code)
    expect(other.sent.getSetCookie()).toEqual([])
  }
  await (await sessions.for(alice).get(id)).delete()
  await sessions.for(alice).create({ id })
  expect(await codeOf(from(alice).session.bind())).toBe('not_found')
})

it('gives nobody a session that has moved to another device since it was opened', async () => {
  const { id, from, sessions } = await anonymousIn(memoryStore())
  const late = from(alice)
  const seen = await late.session.find()
  const { secret } = await seen!.transfer({ mode: 'move' })
  const moved = await sessions.for(anonymous).redeem({ secret })
  const credential = moved.status === 'redeemed' ? moved.credential : ''
  expect(await codeOf(late.session.bind())).toBe('not_found')
  expect((await sessions.for(anonymous).findByCredential(credential))?.id).toBe(id)
})
