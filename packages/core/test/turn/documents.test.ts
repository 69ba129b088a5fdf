import { expect, it } from 'vitest'
import type { Respond } from '../../src/index.js'
import { alice, service } from '../service.js'
import { echo, opened } from './turns.js'

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

it('gives a fork the documents of what was copied', async () => {
  const mine = service().for(alice)
  const session = await mine.create()
  // The numbers of the copies are others.
  await session.turn('Hi', echo).result
  await session.rewind(0)
  const finding =
    (id: string): Respond =>
    () => [{ type: 'document', document: { id } }, 'Found.']
  const first = await session.turn('Phones', finding('phone')).result
  await session.turn('Laptops', finding('laptop')).result
  for (const [options, ids] of [
    [{}, ['phone', 'laptop']],
    [{ atSeq: first.reply.seq }, ['phone']],
    [{ atSeq: first.message.seq }, []],
  ] as const) {
    const fork = await mine.fork(session, options)
    const of = await mine.fork(fork)
    for (const each of [fork, of]) {
      const seen: string[] = []
      await each.turn('And the second one?', async ({ documents }) => {
        seen.push(...(await documents()).map(({ id }) => id))
        return 'That one.'
      }).result
      expect(seen).toEqual(ids)
    }
  }
})
