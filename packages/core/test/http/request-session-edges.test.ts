import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { wrapStore } from '../../src/testing.js'
import { admin, alice, anonymous, bob, codeOf, startGate } from '../service.js'
import { type Asked, credentialIn, hello, request, stored } from './one-request.js'

/** A request whose store does not wait. */
const open = (asked: Asked = {}) => {
  const made = request(asked)
  made.gate.open()
  return made
}

const removal = expect.stringMatching(/^sessions=; Max-Age=0/)

/** The cookie of a request after one that has stored a session. */
async function returning(asked: Asked) {
  const { session, sessions, sent } = open(asked)
  const draft = await session.get()
  await draft.append(hello)
  const credential = credentialIn(sent)
  return { id: draft.id, sessions, credential, cookie: `sessions=${credential}` }
}

describe('one request', () => {
  it('has one caller and one session, and tells which credential has opened it', async () => {
    const store = memoryStore()
    const { id, credential, cookie } = await returning({ store })
    const { session } = open({ store, fields: { cookie } })
    expect(session.opened).toBeUndefined()
    const found = await session.get()
    expect(found.id).toBe(id)
    expect(await session.get()).toBe(found)
    expect(session.opened!.credential).toBe(credential)
    expect(session.opened!.session).toBe(found)
    expect(await session.mine()).toBe(await session.mine())
  })

  it('has its draft for its session once that is stored', async () => {
    const { session } = open()
    const draft = await session.get()
    expect(await session.find()).toBeUndefined()
    await draft.append(hello)
    expect(await session.find()).toBe(draft)
    expect(await session.get()).toBe(draft)
    expect(await session.getById(draft.id)).toBe(draft)
    expect(session.opened).toBeUndefined()
  })

  it('goes on with the draft that was asked for last, be an earlier one ready later', async () => {
    const inner = memoryStore()
    const { id, cookie, credential, sessions } = await returning({ store: inner, identity: anonymous })
    await (await sessions.for(alice).findByCredential(credential))!.bind()
    const [asked, gate] = [startGate(), startGate()]
    let isHeld = false
    const store = wrapStore(inner, async (method, make) => {
      if (isHeld && method === 'read') {
        asked.open()
        await gate.opened
      }
      return make()
    })
    const { session } = open({ store, identity: anonymous, fields: { cookie } })
    expect(await session.find()).toBeUndefined()
    isHeld = true
    const slow = session.get()
    await asked.opened
    isHeld = false
    const draft = await session.renew()
    await draft.append(hello)
    gate.open()
    expect(await slow).not.toBe(draft)
    expect(await session.find()).toBe(draft)
    expect((await stored(sessions)).map((each) => each.id).toSorted()).toEqual([id, draft.id].toSorted())
  })

  it('is named by what is on record about it', async () => {
    const settings = { consent: {}, audit: { secrets: ['a secret of the audit that is long enough'] } }
    const store = memoryStore()
    for (const named of [{ requestId: 'r1' }, {}]) {
      const { session } = open({ store, settings, ...named })
      const { consent } = await session.mine()
      await consent.set({ purpose: 'analytics', granted: true, version: '1', source: 'page' })
    }
    const entries = []
    for await (const entry of open({ store, settings }).sessions.audit.list({ tenantId: 'acme' }))
      entries.push([entry.action, entry.outcome, entry.requestId])
    // Two services write to lanes of their own, and nothing orders what both write in one millisecond.
    expect(entries.toSorted((one, other) => String(one).localeCompare(String(other)))).toEqual([
      ['consent.set', 'done', undefined],
      ['consent.set', 'done', 'r1'],
      ['consent.set', 'intent', undefined],
      ['consent.set', 'intent', 'r1'],
    ])
  })

  it('adds nothing to an answer that has begun', async () => {
    const { session, sent, end } = open()
    end()
    expect(await session.find()).toBeUndefined()
    expect([...sent]).toEqual([])
  })
})

describe('a public id', () => {
  const store = memoryStore()
  const foundBy = async (asked: Asked) =>
    (await open({ store, options: { header: true }, ...asked }).session.find())?.id

  it('in the header names a session to the user who owns it, and to nobody else', async () => {
    const { id } = await returning({ store })
    expect(await foundBy({ fields: { sessionId: id } })).toBe(id)
    expect(await foundBy({ fields: { sessionId: id }, identity: bob })).toBeUndefined()
    expect(await foundBy({ fields: { sessionId: id }, identity: anonymous })).toBeUndefined()
    // An admin opens sessions by their ids, but no session is that of the admin's request.
    expect(await foundBy({ fields: { sessionId: id }, identity: admin })).toBeUndefined()
  })

  it('is no credential in a cookie', async () => {
    const { id } = await returning({ store })
    expect(await foundBy({ fields: { cookie: `sessions=${id}` } })).toBeUndefined()
  })
})

describe('the credential of an answer', () => {
  it('waits for the store where nothing can be taken back: the answer ends after that', async () => {
    const { session, sessions, sent, gate, end } = request({ keeps: true, identity: anonymous })
    const draft = await session.get()
    const writing = codeOf(draft.append(hello))
    const settled = session.settled().then(end)
    gate.open()
    await settled
    expect(await writing).toBe('settled')
    expect((await sessions.for(anonymous).findByCredential(credentialIn(sent)))?.id).toBe(draft.id)
  })

  it('is not handed over after the caller was told to forget it', async () => {
    const { session, sent, gate } = request({ keeps: true })
    const writing = session.get().then((draft) => draft.append(hello))
    await session.get()
    await Promise.resolve()
    session.forget()
    gate.open()
    await writing
    expect(sent.getSetCookie()).toEqual([removal])
  })

  it('is what was decided last, where what was decided before cannot be taken back', async () => {
    const { session, sent } = open({ keeps: true })
    await (await session.get()).append(hello)
    session.forget()
    expect(sent.getSetCookie()).toEqual([expect.stringMatching(/^sessions=[^;]/), removal])
  })

  it('stays taken away when a draft could not be stored', async () => {
    const { session, sent, gate } = request({
      commit: () => Promise.reject(new SessionError('invalid', 'no')),
    })
    const writing = session.get().then((draft) => draft.append(hello))
    await session.get()
    await Promise.resolve()
    expect(sent.getSetCookie()).toHaveLength(1)
    session.forget()
    gate.open()
    expect(await codeOf(writing)).toBe('invalid')
    await session.settled()
    expect(sent.getSetCookie()).toEqual([removal])
  })

  it('is that of the session under its other name, when the first one was made and deleted', async () => {
    const inner = memoryStore()
    let commits = 0
    const store = Object.assign(Object.create(inner) as SessionStore, {
      commit: async (...given: Parameters<SessionStore['commit']>) => {
        const committed = await inner.commit(...given)
        if (++commits > 1) return committed
        await inner.remove(given[0])
        throw new SessionError('unknown_outcome', 'no answer')
      },
    })
    const { session, sessions, sent } = open({ identity: anonymous, store })
    await (await session.get()).append(hello)
    const opened = await sessions.for(anonymous).findByCredential(credentialIn(sent))
    expect((await stored(sessions)).map(({ id }) => id)).toEqual([opened?.id])
  })

  it.each([{ keeps: true }, {}])('is none where nothing may be stored: %o', async (asked) => {
    const settings = { consent: { unsaid: { storage: false } } }
    const { session, sessions, sent } = open({ settings, ...asked })
    const draft = await session.get()
    await draft.append(hello)
    expect([draft.isKept, await stored(sessions), sent.getSetCookie()]).toEqual([false, [], []])
    await session.carry(await (await session.mine()).create())
    expect(sent.getSetCookie()).toEqual([])
  })

  it('is carried for everybody over TLS, and otherwise missed by users alone, who need none', async () => {
    const options = { cookie: { secure: true } }
    for (const identity of [alice, anonymous]) {
      const { session, sessions, sent } = open({ options, identity, fields: { isSecure: true } })
      const made = await sessions.for(identity).create()
      await session.carry(made)
      expect((await sessions.for(identity).findByCredential(credentialIn(sent)))?.id).toBe(made.id)
    }
    for (const [identity, code] of [
      [alice, 'settled'],
      [anonymous, 'insecure_transport'],
    ] as const) {
      const { session, sessions, sent } = open({ options, identity })
      expect(await codeOf(session.carry(await sessions.for(identity).create()))).toBe(code)
      expect(sent.getSetCookie()).toEqual([])
    }
  })

  it('says of one that was replaced what to do', async () => {
    const store = memoryStore()
    const { cookie, credential, sessions } = await returning({ store, identity: anonymous })
    await (await sessions.for(anonymous).findByCredential(credential))!.rotateCredential()
    const { session } = open({ store, identity: anonymous, fields: { cookie } })
    await expect((await session.get()).append(hello)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('Ask for a new session'),
    })
  })
})
