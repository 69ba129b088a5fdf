import { expect, it } from 'vitest'
import type { WriteSummary } from '../../src/context.js'
import { createSessions, memoryStore, textOf } from '../../src/index.js'
import { alice, startGate } from '../service.js'

const words = ' word'.repeat(20)
const rounds = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => [
    { role: 'user' as const, content: `${name}${n}.${words}` },
    { role: 'assistant' as const, content: `Noted.${words}` },
  ]).flat()
const firsts: WriteSummary = ({ messages, replaces }) =>
  [...replaces.map(({ text }) => text), ...messages.map((message) => textOf(message).split('.')[0])].join(' ')

async function place(summarize = firsts) {
  const summaries = { keepTokens: 50, minTokens: 10 }
  const sessions = createSessions({ store: memoryStore(), context: { summarize, summaries } })
  const session = await sessions.for(alice).open('one')
  await session.append(rounds('old', 30))
  const told = async (maxTokens = 800) => JSON.stringify((await session.context({ maxTokens })).messages)
  return { session, told }
}

it('a summary tells nothing of a branch that was left, and the new branch is summed up by itself', async () => {
  const { session, told } = await place()
  expect((await session.compact()).compacted).toBe(true)
  expect(await told()).toContain('old20')
  const [, , , last] = (await session.history({ limit: 1000 })).messages
  const left = await session.rewind(last!.seq, { append: { role: 'user', content: 'Something else' } })
  expect(await told()).not.toMatch(/old[2-9]|old1\d/)
  await session.append(rounds('new', 30))
  const { compacted, summary } = await session.compact()
  expect(compacted).toBe(true)
  expect(summary!.text).toMatch(/^old0 Noted old1 Noted Something else new0 /)
  expect(await told()).not.toMatch(/old[2-9]|old1\d/)
  // Back on the first branch, what is told is of the first branch.
  await session.switchBranch(left.id)
  expect(await told()).not.toContain('new')
  await session.compact()
  expect(await told()).toContain('old20')
})

it('a summary stays where the conversation goes back to after its end', async () => {
  const { session, told } = await place()
  const { summary } = await session.compact()
  await session.rewind(summary!.to, { append: { role: 'user', content: 'Something else' } })
  expect(await told(300)).toContain('old20')
})

it('a summary that is written while the conversation goes back is dropped', async () => {
  const [asked, goOn] = [startGate(), startGate()]
  const { session, told } = await place(async (plan) => {
    asked.open()
    await goOn.opened
    return firsts(plan)
  })
  const compacting = session.compact()
  await asked.opened
  await session.rewind(4, { append: { role: 'user', content: 'Something else' } })
  goOn.open()
  expect(await compacting).toEqual({ compacted: false })
  expect((await session.read()).summaries).toEqual([])
  expect(await told()).not.toMatch(/old[2-9]|old1\d/)
})
