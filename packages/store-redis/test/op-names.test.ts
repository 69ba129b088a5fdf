import { expect, it } from 'vitest'
import { OpNames } from '../src/op-names.js'

it('names no commit by what is JSON, which a client would read as a number', () => {
  const names = Array.from({ length: 5000 }, () => new OpNames().next())
  expect(names.filter((name) => /^[a-z][0-9a-z]{7}$/.test(name))).toHaveLength(5000)
})
