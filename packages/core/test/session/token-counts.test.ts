import { expect, it } from 'vitest'
import { textOf } from '../../src/index.js'
import { alice, service } from '../service.js'

/** A service that remembers which messages it has counted. */
function counting() {
  const counted: string[] = []
  const sessions = service({
    countTokens: (message) => {
      counted.push(textOf(message))
      return 7
    },
  })
  return { counted, sessions }
}

const said = (content: string) => ({ role: 'user' as const, content })

it('counts a message once, and tells of that count', async () => {
  const { counted, sessions } = counting()
  const session = await sessions.for(alice).create({ messages: [said('first')] })
  await session.append([said('second'), said('third')])
  await session.turn('asked', () => 'answered').result
  expect(counted).toEqual(['first', 'second', 'third', 'asked', 'answered'])
  const told = sessions.events.flatMap((event) => (event.type === 'message.appended' ? [event.tokens] : []))
  expect(told).toEqual([7, 7, 7, 7])
})

it('counts nothing for a message that was appended before but what tells that it is the same', async () => {
  const { counted, sessions } = counting()
  const session = await sessions.for(alice).create()
  await session.append({ ...said('once'), id: 'one' })
  await session.append({ ...said('once'), id: 'one' })
  expect(counted).toEqual(['once', 'once'])
  expect(sessions.events.filter(({ type }) => type === 'message.appended')).toHaveLength(1)
})
