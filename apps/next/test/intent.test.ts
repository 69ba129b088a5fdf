import { expect, it } from 'vitest'
import { parseIntent } from '../src/server/assistant/intent.ts'

it('reads the beginning of a long text, and no more', () => {
  expect(parseIntent('What did I say first?')).toEqual({ type: 'recall', what: 'first' })
  expect(parseIntent(`What did I say first? ${'blah '.repeat(10_000)}`)).toEqual({
    type: 'recall',
    what: 'first',
  })
  expect(parseIntent(`${'blah '.repeat(100)} What did I say first?`)).toEqual({ type: 'unknown' })
  // Each pair of these words fits the beginning of a rule: read whole, this text takes seconds.
  expect(parseIntent('what I say '.repeat(20_000))).toEqual({ type: 'recall', what: 'last' })
})
