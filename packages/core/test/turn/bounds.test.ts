import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { decodeBody } from '../../src/domain/session-body.js'
import { alice, codeOf, service } from '../service.js'
import { echo, fast } from './turns.js'

it('a session keeps the newest turns, and the documents of the newest that found any', async () => {
  const store = memoryStore()
  const session = await service({ store, turns: fast }).for(alice).open('one')
  const ids = async () => {
    let found: readonly string[] = []
    await session.turn('and?', async ({ documents }) => {
      found = (await documents()).map(({ id }) => id)
      return 'so'
    }).result
    return found
  }
  for (let n = 1; n <= 12; n++) {
    const { reply } = await session.turn(`q${n}`, () => [
      { type: 'document', document: { id: `d${n}` } },
      'a',
    ]).result
    expect(Object.keys(reply.metadata!)).toEqual(['turn', 'documents'])
  }
  const newest = Array.from({ length: 10 }, (_, n) => `d${n + 3}`)
  // Turns without documents push none out.
  for (let n = 0; n < 3; n++) expect(await ids()).toEqual(newest)
  await session.turn('again', () => [{ type: 'document', document: { id: 'd5', title: 'new' } }, 'a']).result
  expect(await ids()).toEqual([...newest.filter((id) => id !== 'd3' && id !== 'd5'), 'd5'])
  const body = decodeBody((await store.read(session.ref))!.body)
  expect(body.recentTurns?.map(({ id }) => id)).toHaveLength(8)
  expect(body.documentTurns).toHaveLength(10)
  const { metadata } = (await session.history()).messages.at(-1)!
  expect(Object.keys(metadata!)).toEqual(['turn'])
  // What is not in the log any more is not found.
  await store.trim(session.ref, session.record.lastSeq)
  expect(await ids()).toEqual([])
})

it('a session whose body is full is free when its reply cannot be stored', async () => {
  const inner = memoryStore()
  let isFull = false
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      if (isFull && ref.tenantId === 'acme' && change.messages?.length)
        throw new SessionError('store_failed', 'This text cannot be kept.')
      return inner.commit(ref, change)
    },
  }
  const sessions = service({ store, turns: fast, limits: { maxSessionLength: 4096 }, onWarning: () => {} })
  const session = await sessions.for(alice).open('one')
  await session.state.merge({ text: 'x'.repeat(3600) })
  for (let n = 0; n < 6; n++) await session.turn(`q${n}`, echo).result
  const failing = session.turn('and', () => {
    isFull = true
    return 'no'
  })
  expect(await codeOf(failing.result)).toBe('store_failed')
  isFull = false
  expect(await session.currentTurn()).toBeUndefined()
  expect((await session.turn('q', echo).result).status).toBe('completed')
})

it('says of each message of a reply where it is', async () => {
  const sessions = service({ turns: fast })
  const session = await sessions.for(alice).open('one')
  const call = { type: 'tool-call' as const, toolCallId: 'c', toolName: 'elsewhere', input: {} }
  const result = { type: 'tool-result' as const, toolCallId: 'c', output: 1 }
  const { message, replies } = await session.turn('Hi', () => [call, result, 'Hello']).result
  expect(replies.map(({ id }) => id.slice(message.id.length))).toEqual(['.r1.1', '.r1.2', '.r1'])
  const told = sessions.events.filter(({ type }) => type === 'message.appended')
  expect(told).toMatchObject(
    [message, ...replies].map(({ id, seq, role, tokens }) => ({ messageId: id, seq, role, tokens })),
  )
})
