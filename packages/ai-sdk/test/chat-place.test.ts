import { createSessions, type MessageInput } from '@sessions/core'
import { expect, it } from 'vitest'
import { findPlace, isNamed } from '../src/chat-place.js'
import { alice } from './chat-of.js'

it('looks at each message once, and at one that begins on an earlier page as a whole', async () => {
  const session = await createSessions().for(alice).create()
  const said = (id: string, role: MessageInput['role']) => ({ id, role, content: 'a' })
  // An answer of many messages stands across the beginning of each of the first pages.
  const log = [
    said('q', 'user'),
    ...Array.from({ length: 250 }, (_, index) => said(`a${index}`, 'assistant')),
  ]
  for (let index = 0; index < 750; index++) log.push(said(`u${index}`, index % 7 === 0 ? 'system' : 'user'))
  for (let at = 0; at < log.length; at += 100) await session.append(log.slice(at, at + 100))
  let looked = 0
  const missing = await findPlace(session, (group) => {
    looked++
    return isNamed('none')(group)
  })
  expect(missing).toBeUndefined()
  expect(looked).toBeLessThan(log.length + 50)
  const answer = await findPlace(session, isNamed('a0'))
  expect([answer?.after, answer?.group.length]).toEqual([1, 250])
  expect(await findPlace(session, isNamed('u1'))).toMatchObject({ after: 252 })
  expect((await findPlace(session, isNamed('u400')))?.after).toBe(651)
})
