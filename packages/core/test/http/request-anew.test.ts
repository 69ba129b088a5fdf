import { expect, it } from 'vitest'
import { type Identity, memoryStore, type SessionStore } from '../../src/index.js'
import { createSessionApi, guests } from '../../src/http.js'
import { checkGuestCookie, createTransport, guestsOfRequest } from '../../src/node.js'
import { alice, anonymous, bob, codeOf } from '../service.js'
import { type Asked, credentialIn, hello, request, stored } from './one-request.js'

const named = { guests: guests({ secrets: ['x'.repeat(32)] }) }

const open = (asked: Asked) => {
  const made = request(asked)
  made.gate.open()
  return made
}

/** A visitor with a session: the cookies of the visitor, and the session's id. */
async function visitor(store: SessionStore, more: Pick<Asked, 'guests'> = {}) {
  const { session, sent } = open({ store, identity: anonymous, ...more })
  const draft = await session.get()
  await draft.append(hello)
  const cookie = sent
    .getSetCookie()
    .map((each) => each.split(';')[0]!)
    .join('; ')
  return { id: draft.id, cookie }
}

/** A request in which the caller becomes another one. */
function becoming(asked: Omit<Asked, 'identify'>, first: Identity) {
  let now = first
  const made = open({ ...asked, identify: () => now })
  return { ...made, become: (next: Identity) => void (now = next) }
}

it.each([{}, named])(
  'gives a session that was looked at before its caller has signed in: %j',
  async (more) => {
    const store = memoryStore()
    const { id, cookie } = await visitor(store, more)
    const { session, sessions, sent, become } = becoming({ store, fields: { cookie }, ...more }, anonymous)
    expect((await session.get()).id).toBe(id)
    become(alice)
    expect((await session.bind()).id).toBe(id)
    expect((await session.mine()).identity.userId).toBe('alice')
    expect((await session.get()).record.userId).toBe('alice')
    expect((await sessions.for(alice).findByCredential(credentialIn(sent)))?.id).toBe(id)
  },
)

it.each([{}, named])('gives a session that this very request has begun: %j', async (more) => {
  const { session, sessions, sent, become } = becoming(more, anonymous)
  const begun = await session.get()
  await begun.append(hello)
  become(alice)
  expect((await session.bind()).id).toBe(begun.id)
  expect((await sessions.for(alice).findByCredential(credentialIn(sent)))?.id).toBe(begun.id)
})

it.each([{}, named])('gives a session that nobody has waited for: %j', async (more) => {
  let now: Identity = anonymous
  const { session, sessions, gate } = request({ identify: () => now, ...more })
  const begun = await session.get()
  const said = begun.append(hello)
  await new Promise((resolve) => void setImmediate(resolve))
  now = alice
  const bound = session.bind()
  gate.open()
  expect((await bound).id).toBe(begun.id)
  await said
  expect((await stored(sessions)).map(({ userId }) => userId)).toEqual(['alice'])
})

it('asks once who a caller is who stays the same, and again where that failed', async () => {
  const store = memoryStore()
  const { cookie } = await visitor(store)
  let isDown = true
  let asked = 0
  const { session } = open({
    store,
    fields: { cookie },
    identify: () => {
      asked++
      if (isDown) throw new Error('down')
      return alice
    },
  })
  await expect(session.get()).rejects.toThrow('down')
  isDown = false
  await session.bind()
  expect(asked).toBe(2)
})

it('gives nobody a session of somebody else by signing in', async () => {
  const store = memoryStore()
  const { cookie } = await visitor(store)
  const first = open({ store, fields: { cookie }, identity: bob })
  await first.session.bind()
  const held = `sessions=${credentialIn(first.sent)}`
  const { session, become } = becoming({ store, fields: { cookie: held } }, bob)
  await session.get()
  become(alice)
  expect(await codeOf(session.bind())).toBe('not_found')
})

it.each([
  [anonymous, {}] as const,
  [anonymous, named] as const,
  [alice, {}] as const,
  [alice, named] as const,
])('begins a session of nobody else after %j has signed out: %j', async (who, more) => {
  const store = memoryStore()
  const before = await visitor(store, more)
  const made = becoming({ store, fields: { cookie: before.cookie }, ...more }, who)
  const { session, sent, become } = made
  if (who === alice) await session.bind()
  const owner = (await session.get()).record.userId
  become(anonymous)
  session.forget()
  expect(await session.find()).toBeUndefined()
  const next = await session.get()
  await next.append(hello)
  expect(next.id).not.toBe(before.id)
  expect(await stored(made.sessions)).toHaveLength(2)
  const cookies = sent.getSetCookie().filter((each) => !/Max-Age=0/.test(each))
  expect(cookies.map((each) => each.split('=')[0])).toEqual(
    more === named ? ['guest', 'sessions'] : ['sessions'],
  )
  if (owner !== undefined) expect(next.record.userId).not.toBe(owner)
  const later = open({
    store,
    identity: anonymous,
    fields: { cookie: cookies.map((each) => each.split(';')[0]!).join('; ') },
    ...more,
  })
  expect((await later.session.find())?.id).toBe(next.id)
})

it.each([true, false])(
  'hands over what came last, whether or not its answer takes headers back: %j',
  async (keeps) => {
    const last = ({ sent }: ReturnType<typeof open>) => sent.getSetCookie().at(-1)
    const twice = open({ identity: anonymous, keeps })
    await (await twice.session.get()).append(hello)
    const second = await twice.session.renew()
    await second.append(hello)
    expect(last(twice)).toContain(`=${await second.credential()};`)
    const gone = open({ identity: anonymous, keeps })
    await (await gone.session.get()).append(hello)
    gone.session.forget()
    expect(last(gone)).toContain('Max-Age=0')
    const next = await gone.session.renew()
    await next.append(hello)
    expect(last(gone)).toContain(`=${await next.credential()};`)
  },
)

it('begins a session after a sign-out though the credential of the request was replaced', async () => {
  const store = memoryStore()
  const { cookie } = await visitor(store)
  await open({ store, fields: { cookie }, identity: alice }).session.bind()
  const { session } = open({ store, fields: { cookie }, identity: anonymous })
  session.forget()
  expect(await codeOf((await session.get()).append(hello))).toBe('settled')
})

it('answers privately whoever asks for sessions, or for who is asking', async () => {
  for (const ask of ['mine', 'identity', 'find', 'get', 'renew'] as const) {
    const { session, sent } = open({ ...named })
    await session[ask]()
    expect([sent.get('Cache-Control'), sent.get('Vary')], ask).toEqual(['no-store', 'Cookie'])
    await session.mine()
    expect(sent.get('Vary'), ask).toBe('Cookie')
  }
})

it('makes one new guest in a request, however many services ask, and another one in the next', async () => {
  const one = {}
  const idOf = async (asked: object, tenantId = 'acme') =>
    (await guestsOfRequest(asked, named.guests).create(tenantId)).userId
  const first = await idOf(one)
  expect(await idOf(one)).toBe(first)
  expect(await idOf(one, 'other')).not.toBe(first)
  expect(await idOf({})).not.toBe(first)
  const others = guestsOfRequest(one, guests({ secrets: ['y'.repeat(32)] }))
  expect((await others.create('acme')).userId).not.toBe(first)
})

it('refuses guests and sessions in one cookie', () => {
  const transport = createTransport({ cookie: { name: 'guest' } }, 1000)
  const refused = expect.objectContaining({ code: 'invalid', path: 'cookie.name' })
  expect(() => checkGuestCookie(named.guests, transport)).toThrow(refused)
  expect(() => checkGuestCookie(undefined, transport)).not.toThrow()
  expect(() => checkGuestCookie(named.guests, createTransport({}, 1000))).not.toThrow()
  const { sessions } = open({})
  const options = { sessions, identify: () => anonymous, cookie: { name: 'guest' }, ...named }
  expect(() => createSessionApi(options)).toThrow(refused)
})
