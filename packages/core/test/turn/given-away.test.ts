import { expect, it } from 'vitest'
import { giveSessions } from '../../src/http/give-sessions.js'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { decodeBody } from '../../src/domain/session-body.js'
import { alice, anonymous, codeOf, service } from '../service.js'
import { echo, fast, gated, lines } from './turns.js'

const guest = { tenantId: 'acme', userId: 'guest:1' }

/** A visitor who signs in while a turn of theirs runs, and the session as the user has it. */
const signIns = {
  anonymous: async (sessions: ReturnType<typeof service>) => {
    const session = await sessions.for(anonymous).create()
    const held = (await sessions.for(alice).findByCredential(await session.credential()))!
    return { session, signIn: () => held.bind() }
  },
  guest: async (sessions: ReturnType<typeof service>) => ({
    session: await sessions.for(guest).create(),
    signIn: () => giveSessions(sessions.for(guest), alice),
  }),
}

async function signedInWhile(
  who: keyof typeof signIns,
  options: SessionsOptions = {},
  then = (): void => {},
) {
  const sessions = service({ turns: fast, ...options })
  const { session, signIn } = await signIns[who](sessions)
  const { respond, begun, open } = gated('Hello')
  const turn = session.turn('Hi', respond, { reuse: { ttlMs: 60_000 } })
  await begun
  await signIn()
  then()
  open()
  const status = await turn.result.then(
    (result) => result.status,
    (error: SessionError) => error.code,
  )
  return { sessions, session, status, theirs: await sessions.for(alice).get(session.id) }
}

it.each(['anonymous', 'guest'] as const)(
  'an answer that was begun for a visitor (%s) is stored when they sign in meanwhile, and the session is free',
  async (who) => {
    const { sessions, status, theirs } = await signedInWhile(who)
    expect(status).toBe('completed')
    expect(await lines(theirs)).toEqual(['user: Hi (completed)', 'assistant: Hello (completed)'])
    expect(await theirs.currentTurn()).toBeUndefined()
    expect((await theirs.turn('Again', echo).result).status).toBe('completed')
    expect(sessions.events.find(({ type }) => type === 'turn.completed')).toMatchObject({
      sessionId: theirs.id,
    })
  },
)

it.each(['anonymous', 'guest'] as const)(
  'gives the visitor (%s) no way back into the session',
  async (who) => {
    const { session, theirs } = await signedInWhile(who)
    expect(session.contents).toBeUndefined()
    expect(session.record.userId).toBe(session.identity.userId)
    expect(await codeOf(session.state.merge({ mine: true }))).toBe('not_found')
    expect(await codeOf(session.history())).toBe('not_found')
    expect(await theirs.state.get()).toEqual({})
  },
)

it('an answer that has no room frees the session that was given away, too', async () => {
  const inner = memoryStore()
  let isFull = false
  const commit: SessionStore['commit'] = (ref, change) => {
    if (isFull && change.messages !== undefined) throw new SessionError('too_large', 'no room')
    return inner.commit(ref, change)
  }
  const store = Object.assign(Object.create(inner) as SessionStore, { commit })
  const onWarning = (): void => {}
  const { status, theirs } = await signedInWhile('guest', { store, onWarning }, () => (isFull = true))
  expect(status).toBe('too_large')
  expect(decodeBody((await store.read(theirs.ref))!.body).turn).toBeUndefined()
})
