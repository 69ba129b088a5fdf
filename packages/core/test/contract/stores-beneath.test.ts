import { expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import { isEncrypting, standingOver } from '../../src/store.js'
import { listIndex } from '../search/list-index.js'
import { sealed } from './sealed/sealed-stores.js'

const over = (...others: unknown[]) => standingOver({ ...memoryStore() }, others)
const credentialSecrets = ['a secret that all processes know, and nobody else']

it.each([
  ['a store', memoryStore(), false],
  ['an encrypted one', sealed(memoryStore()), true],
  ['one over a store', over(memoryStore()), false],
  ['one over an encrypted one', over(sealed(memoryStore())), true],
  [
    'one over several, of which one is encrypted deep below',
    over('closed', over(sealed(memoryStore()))),
    true,
  ],
  ['nothing', undefined, false],
  ['null', null, false],
])('%s: %#', (_, store, encrypts) => {
  expect(isEncrypting(store)).toBe(encrypts)
})

it('a search has no words in clear of a store that is encrypted beneath', () => {
  const store = over(sealed(memoryStore()))
  const refusal = expect.objectContaining({ code: 'invalid', path: 'search.terms' }) as Error
  expect(() => createSessions({ store, credentialSecrets, search: { index: listIndex() } })).toThrow(refusal)
})

it.each([
  ['store', () => sealed(sealed(memoryStore()))],
  ['store', () => sealed(over(sealed(memoryStore())))],
  ['keys', () => sealed(memoryStore(), { keys: sealed(memoryStore()) })],
])('an encrypted %s takes no keys of another encrypted store: %#', (path, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid', path }) as Error)
})

it('an encrypted store may stand over another one, with its keys apart', async () => {
  const store = sealed(sealed(memoryStore()), { keys: memoryStore() })
  const mine = createSessions({ store, credentialSecrets }).for({ tenantId: 'acme', userId: 'alice' })
  const { id } = await mine.create({ title: 'Phones' })
  expect((await mine.get(id)).record.title).toBe('Phones')
})
