import { expect, it } from 'vitest'
import type { FactInput } from '../../src/domain/facts.js'
import type { RememberOptions } from '../../src/session/remember.js'
import { memoryStore, type Session, type SessionsOptions } from '../../src/index.js'
import { admin, alice, codeOf, service } from '../service.js'

const settings = { credentialSecrets: ['a secret that all processes know, and nobody else'] }
const said = (content: string) => ({ role: 'user' as const, content })
const answered = (content: string) => ({ role: 'assistant' as const, content })
const likes = (what: string) => ({ text: `likes ${what}` })

async function place(options: SessionsOptions = {}) {
  const sessions = service({ store: memoryStore(), ...settings, ...options })
  const mine = sessions.for(alice)
  const session = await mine.create({ id: 's', messages: [said('I like red'), answered('Noted')] })
  return { sessions, mine, session }
}

/** What a call is refused with, and where the fault is. */
async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    () => 'settled',
    (thrown: unknown) => thrown as { code: string; path?: string; message: string },
  )
  return typeof error === 'string' ? error : `${error.code} ${error.path}: ${error.message}`
}

const remember = (session: Session, ...given: unknown[]) => session.remember(...(given as FactInput[]))

it('tells where to remember from what to remember', async () => {
  const { mine, session } = await place()
  const texts = async (...given: unknown[]) => (await remember(session, ...given)).map(({ text }) => text)
  expect(await texts(likes('a'))).toEqual(['likes a'])
  expect(await texts(likes('b'), likes('c'))).toEqual(['likes a', 'likes b', 'likes c'])
  expect(await texts([likes('d'), likes('e')], { scope: 'session' })).toHaveLength(5)
  expect(await texts(likes('f'), {})).toHaveLength(6)
  expect(await mine.memory.list()).toEqual([])
  expect(await texts(likes('g'), { scope: 'user' })).toEqual(['likes g'])
  expect((await session.read()).facts.map(({ text }) => text)).toEqual(
    [...'abcdef'].map((name) => `likes ${name}`),
  )
  expect(await refusal(remember(session, likes('a'), null))).toMatch(/^invalid facts\[1\]/)
  expect(await refusal(remember(session, likes('a'), likes('b'), { scope: 'user' }))).toMatch(
    /^invalid facts\[2\]/,
  )
  expect(await refusal(remember(session, { scope: 'user' }))).toMatch(/^invalid facts\[0\]/)
  expect((await session.read()).facts).toHaveLength(6)
})

it('says who drew a fact, and takes no other name than a short one', async () => {
  const { mine, session } = await place()
  const by = async (source: string) => session.remember(likes(`${source.length}`), { scope: 'user', source })
  const refused = 'invalid source: source must be 1 to 100 characters'
  expect(await refusal(by(''))).toBe(refused)
  expect(await refusal(by('x'.repeat(101)))).toBe(refused)
  expect(await refusal(session.remember(likes('x'), { scope: 'session', source: '' }))).toBe(refused)
  await by('x')
  await by('y'.repeat(100))
  await session.remember(likes('z'), { scope: 'user' })
  const sources = (await mine.memory.list()).map(({ source }) => source)
  expect(sources).toEqual(['x', 'y'.repeat(100), 'conversation'])
  const unknown = { scope: 'user', from: 'x' } as RememberOptions
  expect(await codeOf(session.remember(likes('x'), unknown))).toBe('invalid')
})

it('draws a fact of the user from a message on the path, by default the newest of the user', async () => {
  const { mine, session } = await place()
  const ofUser = async (fact: object) => session.remember(fact as never, { scope: 'user' })
  await session.append([said('I like blue'), answered('Noted')])
  await session.rewind(2)
  await session.append([said('I like green'), answered('Noted')])
  const refused = (path: string) =>
    `invalid ${path}: A fact of the user must come from a message of the user.`
  // The message of the user that follows on the path is another one.
  for (const seq of [2, 3, 4, 6, 7])
    expect(await refusal(ofUser({ ...likes('x'), seq }))).toBe(refused('facts[0].seq'))
  expect(await refusal(ofUser([likes('x'), { ...likes('y'), seq: 3 }]))).toBe(refused('facts[1].seq'))
  expect(await refusal(ofUser([likes('x'), { text: '' }]))).toMatch(/^invalid facts\[1\]/)
  expect(await mine.memory.list()).toEqual([])
  await ofUser([likes('red'), { ...likes('green'), seq: 1 }])
  const drawn = (await mine.memory.list()).map(({ text, seq, sessionId }) => ({ text, seq, sessionId }))
  expect(drawn).toEqual([
    { text: 'likes red', seq: 5, sessionId: 's' },
    { text: 'likes green', seq: 1, sessionId: 's' },
  ])
  const draft = mine.draft()
  expect(await refusal(draft.remember(likes('x'), { scope: 'user' }))).toBe(refused('facts[0].seq'))
  expect(draft.isStored).toBe(false)
})

it('goes by the consents that the user has given, whoever asks', async () => {
  const { sessions, session, mine } = await place({ consent: {} })
  const as = async (identity: object) =>
    codeOf((await sessions.for(identity as never).get('s')).remember(likes('x'), { scope: 'user' }))
  expect(await as({ ...admin, userId: 'root', consents: { memory: true } })).toBe('consent_missing')
  expect(await as({ ...alice, consents: { memory: false } })).toBe('consent_missing')
  expect(await codeOf(session.remember(likes('x'), { scope: 'user' }))).toBe('consent_missing')
  expect(await mine.memory.list()).toEqual([])
  expect(await as({ ...alice, consents: { memory: true } })).toBe('settled')
})

it('remembers nothing of a user in a session that is kept nowhere', async () => {
  const sessions = service({
    store: memoryStore(),
    ...settings,
    consent: { unsaid: { storage: false, memory: true } },
  })
  const mine = sessions.for(alice)
  const session = await mine.create({ messages: [said('I like red')] })
  expect(await refusal(session.remember(likes('red'), { scope: 'user' }))).toMatch(
    /^consent_missing .*storage/,
  )
  expect(await mine.memory.list()).toEqual([])
})
