import { expect, it } from 'vitest'
import { readInputs } from '../../src/capacity/read-inputs.js'
import { usualInputs } from '../../src/capacity/sums.js'

it('takes some inputs from a file, and the others as usual', () => {
  expect(readInputs('{}')).toEqual(usualInputs)
  expect(readInputs('{"sessions": 2000000, "fromMemory": 1}')).toEqual({
    ...usualInputs,
    sessions: 2e6,
    fromMemory: 1,
  })
})

it('says what is wrong in a file', () => {
  for (const [text, said] of [
    ['sessions: 5', 'it is no JSON'],
    ['[]', 'it must be an object'],
    ['null', 'it must be an object'],
    ['{"session": 5}', 'session is no input; the inputs are sessions, activeShare'],
    ['{"toString": 5}', 'toString is no input'],
    ['{"sessions": [5000]}', 'sessions must be a number from 0 to 9007199254740991, not [5000]'],
    ['{"sessions": "5"}', 'not "5"'],
    ['{"turnsADay": -1}', 'not -1'],
    ['{"activeShare": 2}', 'activeShare must be a number from 0 to 1, not 2'],
    ['{"messages": 1e999}', 'not null'],
  ] as const)
    expect(() => readInputs(text), text).toThrow(said)
})
