import { expect, it } from 'vitest'
import type { Respond } from '../../src/index.js'
import { opened } from './turns.js'

it('gives the documents of the active branch, whatever other branches have found', async () => {
  const session = await opened()
  const seen: string[][] = []
  const finding = (...ids: string[]): Respond =>
    async function* ({ documents }) {
      seen.push((await documents()).map(({ id }) => id))
      for (const id of ids) yield { type: 'document', document: { id } }
      yield 'Found.'
    }
  const first = await session.turn('Shops', finding('shop')).result
  const phones = await session.turn({ id: 'm', content: 'Phones' }, finding('phone', 'shop')).result
  await session.turn({ id: 'm', content: 'Laptops' }, finding('laptop'), { from: first.reply.seq }).result
  await session.turn('And the second one?', finding()).result
  expect(seen).toEqual([[], ['shop'], ['shop'], ['shop', 'laptop']])
  // Back on the branch that was left, its documents are there again.
  const [left] = await session.branches()
  await session.switchBranch(left!.id)
  await session.turn('And the third one?', finding()).result
  expect(seen.at(-1)).toEqual(['phone', 'shop'])
  expect(phones.reply.metadata?.['documents']).toEqual([{ id: 'phone' }, { id: 'shop' }])
})
