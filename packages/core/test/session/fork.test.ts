import { expect, it } from 'vitest'
import { alice, codeOf } from '../service.js'
import { changingStore } from '../changing-store.js'
import { on, prepared, redact, testOneMoment } from './one-moment.js'

testOneMoment('that one read brings', 12)
// Every change: fork.wide.test.ts.
testOneMoment('of two pages', 1100, ['a redaction', 'a rewind'])

it('gives up, and has made nothing, when the messages do not hold still', async () => {
  const { store, mine } = await prepared(1500)
  let isForking = false
  const changing = changingStore(store, (call) =>
    isForking ? redact(store, [2], `redacted ${call}`) : undefined,
  )
  const theirs = on(changing.store).for(alice)
  const source = await theirs.get('source')
  isForking = true
  expect(await codeOf(theirs.fork(source, { id: 'copy' }))).toBe('conflict')
  expect(changing.calls.length).toBeLessThan(20)
  expect(await mine.find('copy')).toBeUndefined()
})

it('takes three calls of the store when one read brings all messages', async () => {
  const { store } = await prepared(1000)
  const changing = changingStore(store, () => undefined)
  const theirs = on(changing.store).for(alice)
  const source = await theirs.get('source')
  await theirs.fork(source)
  expect(changing.calls.slice(1)).toEqual(['read', 'commit', 'read'])
})
