import { expect, it } from 'vitest'
import { inParallel } from '../../src/async/in-parallel.js'

function pending() {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => void (resolve = done))
  return { promise, resolve }
}
// More turns of the event loop than a worker gives away before it begins its next item.
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setTimeout(resolve, 0))
}

it('begins in order, so many at a time, and ends once all are done', async () => {
  const begun: string[] = []
  const gates = ['a', 'b', 'c', 'd'].map(pending)
  let isOver = false
  const all = inParallel(['a', 'b', 'c', 'd'], 2, (item, index) => {
    begun.push(`${index}${item}`)
    return gates[index]!.promise
  }).then(() => void (isOver = true))
  const settled: [number, string[]][] = [
    [1, ['0a', '1b', '2c']],
    [0, ['0a', '1b', '2c', '3d']],
    [3, ['0a', '1b', '2c', '3d']],
  ]
  await turns()
  expect(begun).toEqual(['0a', '1b'])
  for (const [index, expected] of settled) {
    gates[index]!.resolve()
    await turns()
    expect(begun).toEqual(expected)
    expect(isOver).toBe(false)
  }
  gates[2]!.resolve()
  await all
  expect(isOver).toBe(true)
})

it('begins no other once one has failed, and rejects with what failed first', async () => {
  const begun: string[] = []
  const gate = pending()
  const all = inParallel(['a', 'b', 'c', 'd'], 2, async (item) => {
    begun.push(item)
    if (item === 'b') throw new RangeError(item)
    await gate.promise
  })
  await expect(all).rejects.toThrow(new RangeError('b'))
  gate.resolve()
  await turns()
  expect(begun).toEqual(['a', 'b'])
})

it('takes no more workers than there are items, and none for none', async () => {
  const begun: number[] = []
  await inParallel([7], 1e6, async (item) => void begun.push(item))
  await inParallel<number>([], 4, async (item) => void begun.push(item))
  expect(begun).toEqual([7])
})
