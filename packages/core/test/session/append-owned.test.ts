import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import { wrapStore } from '../../src/testing/wrap-store.js'
import { admin, alice, anonymous, bob, elsewhere, service } from '../service.js'

const said = (content: string) => ({ role: 'user' as const, content })

/** A service whose store tells its calls, and a session of alice with one message. */
async function scene(options: SessionsOptions = {}) {
  const calls: string[] = []
  const store = wrapStore(memoryStore(), (method, call) => {
    calls.push(method)
    return call()
  })
  const sessions = service({ store, ...options })
  const session = await sessions.for(alice).create({ messages: [said('one')] })
  calls.length = 0
  sessions.events.length = 0
  return { sessions, session, calls, id: session.id }
}

describe('mine.append', () => {
  it('appends in one round trip, and tells it', async () => {
    const { sessions, session, calls, id } = await scene()
    const appended = await sessions.for(alice).append(id, [said('two'), { ...said('three'), id: 'm3' }])
    expect(calls).toEqual(['commit'])
    expect(appended).toMatchObject([
      { seq: 2, inserted: true },
      { id: 'm3', seq: 3, inserted: true },
    ])
    expect(sessions.events.map(({ type, actor }) => [type, actor])).toEqual([
      ['message.appended', { userId: 'alice' }],
      ['message.appended', { userId: 'alice' }],
    ])
    const again = await sessions.for(alice).append(id, { ...said('three'), id: 'm3' })
    expect(again).toMatchObject([{ id: 'm3', seq: 3, inserted: false }])
    const { messages } = await session.history()
    expect(messages.map(({ content }) => content)).toEqual(['one', 'two', 'three'])
  })

  it.each([
    ['another user', bob],
    ['nobody', anonymous],
    ['the same user of another tenant', elsewhere],
  ])('finds no session for %s, and stores nothing', async (_, identity) => {
    const { sessions, session, id } = await scene()
    await expect(sessions.for(identity).append(id, said('mine'))).rejects.toMatchObject({ code: 'not_found' })
    expect((await session.history()).messages).toHaveLength(1)
    const denied = sessions.events.map(({ type }) => type)
    expect(denied).toEqual(identity === elsewhere ? [] : ['access.denied'])
  })

  it('finds no session that is unknown, deleted, or of nobody', async () => {
    const { sessions, session } = await scene()
    const mine = sessions.for(alice)
    const draft = sessions.for(anonymous).draft()
    await draft.append(said('nobody'))
    await session.delete()
    for (const id of ['', 'unknown', session.id, draft.id]) {
      await expect(mine.append(id, said('two')), id).rejects.toMatchObject({ code: 'not_found' })
    }
    expect((await draft.history()).messages).toHaveLength(1)
  })

  it('lets an admin append to any session of the tenant', async () => {
    const { sessions, session, calls, id } = await scene()
    await sessions.for(admin).append(id, said('two'))
    expect(calls).toEqual(['commit'])
    await expect(
      sessions.for({ ...admin, tenantId: 'other' }).append(id, said('three')),
    ).rejects.toMatchObject({ code: 'not_found' })
    expect((await session.history()).messages).toHaveLength(2)
  })

  it('keeps the limits, and takes again what a full session has', async () => {
    const { sessions, id } = await scene({ limits: { maxMessages: 2, maxSessionBytes: 500 } })
    const mine = sessions.for(alice)
    const two = { ...said('two'), id: 'm2' }
    await expect(mine.append(id, said('x'.repeat(500)))).rejects.toMatchObject({
      code: 'too_large',
      path: 'messages',
    })
    await mine.append(id, two)
    await expect(mine.append(id, said('three'))).rejects.toMatchObject({
      code: 'limit_reached',
      path: 'messages',
    })
    expect(await mine.append(id, two)).toMatchObject([{ seq: 2, inserted: false }])
    await expect(mine.append(id, { ...said('other'), id: 'm2' })).rejects.toMatchObject({
      code: 'conflict',
      messageId: 'm2',
    })
    await expect(mine.append(id, said(''))).rejects.toMatchObject({ code: 'invalid' })
  })

  it('moves the deadline as a write of a handle does, by the lifetime that the session has', async () => {
    const { sessions } = await scene()
    const mine = sessions.for(alice)
    const short = await mine.create({ ttl: { idleMs: 60_000 } })
    await mine.append(short.id, said('one'))
    const { record } = await mine.get(short.id)
    expect(record.expiresAt).toBe(record.updatedAt + 60_000)
    const usual = await mine.create()
    await usual.extend({ idleMs: 7 * 86_400_000 })
    await mine.append(usual.id, said('one'))
    const extended = (await mine.get(usual.id)).record
    expect(extended.expiresAt).toBe(extended.updatedAt + 7 * 86_400_000)
  })

  it('puts a known message on the active branch again', async () => {
    const { sessions, session, id } = await scene()
    await session.append({ ...said('two'), id: 'm2' })
    await session.rewind(1)
    await sessions.for(alice).append(id, { ...said('two'), id: 'm2' })
    expect((await session.history()).messages.map(({ content }) => content)).toEqual(['one', 'two'])
  })
})

describe('POST /sessions/{id}/messages', () => {
  const post = async (
    sessions: Awaited<ReturnType<typeof scene>>['sessions'],
    id: string,
    headers: object,
  ) => {
    const api = createSessionApi({
      sessions,
      identify: (request) => (request.headers.get('authorization') === 'alice' ? alice : anonymous),
      respond: () => 'fine',
      header: true,
    })
    return api.handle(
      new Request(`https://api.test/sessions/${id}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ messages: [said('posted')] }),
      }),
    )
  }

  it('takes a message by the credential of an anonymous session, also from a user who has not bound it', async () => {
    const { sessions } = await scene()
    const draft = sessions.for(anonymous).draft()
    await draft.append(said('one'))
    const credential = await draft.credential()
    for (const authorization of ['nobody', 'alice']) {
      const response = await post(sessions, draft.id, { authorization, 'x-session-id': credential })
      expect(response.status, authorization).toBe(201)
    }
    expect((await draft.history()).messages).toHaveLength(3)
    const foreign = await post(sessions, draft.id, { authorization: 'alice' })
    expect(foreign.status).toBe(404)
  })

  it('tells the tag that a read gives', async () => {
    const { sessions, id } = await scene()
    const response = await post(sessions, id, { authorization: 'alice' })
    const { etagOf } = await import('../../src/http/etag.js')
    expect(response.headers.get('etag')).toBe(etagOf((await sessions.for(alice).get(id)).record))
    const stale = await post(sessions, id, { authorization: 'alice', 'if-match': '"1-1-0"' })
    expect(stale.status).toBe(412)
    expect((await (await sessions.for(alice).get(id)).history()).messages).toHaveLength(2)
  })
})
