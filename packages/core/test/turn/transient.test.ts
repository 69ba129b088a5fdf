import { expect, it } from 'vitest'
import { memoryStore, type Respond } from '../../src/index.js'
import { alice, service } from '../service.js'
import { dumpOf } from './store-dump.js'
import { all, fast, lines, opened } from './turns.js'

const respond: Respond = async function* () {
  yield { type: 'data-step', data: 'looking', transient: true }
  yield 'Found '
  yield { type: 'data-step', data: 'at 1234 5678', transient: true }
  yield 'it.'
}

const kindsOf = (events: readonly { type: string }[]) => events.map(({ type }) => type)

it('tells a transient part, and does not store it', async () => {
  const session = await opened()
  const turn = session.turn('Look', respond)
  const live = await all(turn)
  expect(kindsOf(live)).toEqual(['started', 'data-step', 'text', 'data-step', 'text', 'completed'])
  // It does not part the text that it stands in.
  expect(await lines(session)).toEqual(['user: Look (completed)', 'assistant: Found it. (completed)'])
  expect(await all(session.watchTurn((await turn.started).turnId))).toEqual(live)
})

it('does not tell it where answers are redacted, because a number may stand half in it', async () => {
  const store = memoryStore()
  const sessions = service({ store, turns: fast, redact: (text) => text.replaceAll(/\d/g, '#') })
  const session = await sessions.for(alice).create()
  const live = await all(session.turn('Look', respond))
  expect(kindsOf(live)).toEqual(['started', 'text', 'completed'])
  expect(await dumpOf(store, 'acme')).not.toMatch(/(?<!\d)1234(?!\d)/)
})

it.each([
  ['transient parts', { type: 'data-progress', transient: true }],
  ['sources', { type: 'source' }],
  ['documents', { type: 'document', document: { id: 'd' } }],
])('%s without end end the turn, and what was said until then is kept', async (_, part) => {
  const session = await opened({ onWarning: () => {} })
  let told = 0
  const padding = 'x'.repeat(1024 * 1024)
  const result = await session.turn('Hi', async function* () {
    yield 'Hello'
    for (; told < 40; told++) yield { ...part, padding }
  }).result
  expect(result).toMatchObject({ status: 'failed', code: 'too_large', text: 'Hello' })
  expect(told).toBe(15)
})
