import { expect, it } from 'vitest'
import { type Session, textOf } from '../../src/index.js'
import { alice, service, startGate } from '../service.js'

const texts = async (session: Session) =>
  (await session.history()).messages.map((message) => `${message.role}: ${textOf(message)}`)

it('stores a reply though a message of the user is named like it', async () => {
  const session = await service().for(alice).open('one')
  await session.append({ id: 'm.r1', role: 'user', content: 'a note' })
  const answered = await session.turn({ id: 'm', content: 'Hi' }, () => 'Hello').result
  expect(answered).toMatchObject({ status: 'completed', text: 'Hello', replayed: false })
  const again = await session.turn({ id: 'm', content: 'Hi' }, () => 'asked twice').result
  expect(again).toMatchObject({ text: 'Hello', replayed: true, reply: { id: answered.reply.id } })
  await session.turn('And?', () => 'Yes').result
  expect(await texts(session)).toEqual([
    'user: a note',
    'user: Hi',
    'assistant: Hello',
    'user: And?',
    'assistant: Yes',
  ])
})

it('takes no message of the user for a reply', async () => {
  const session = await service().for(alice).open('one')
  const gate = startGate()
  const turn = session.turn({ id: 'm', content: 'Hi' }, async () => {
    await gate.opened
    return 'Hello'
  })
  const { replyId } = await turn.started
  await session.append({ id: replyId, role: 'user', content: 'a note' })
  gate.open()
  await turn.result
  await session.append({ id: 'm.r7', role: 'user', content: 'another' })
  const again = await session.turn({ id: 'm', content: 'Hi' }, () => 'asked twice').result
  expect(again.text).toBe('Hello')
})

it('tells whoever answers which message is asked', async () => {
  const session = await service().for(alice).open('one')
  await session.turn('Hi', () => 'Hello').result
  const { text } = await session.turn({ id: 'm', content: 'And?' }, async ({ session, messageId }) => {
    const { messages } = await session.history()
    return `after ${messages.findIndex(({ id }) => id === messageId)} others`
  }).result
  expect(text).toBe('after 2 others')
})
