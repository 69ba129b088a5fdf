import { expect, test } from 'vitest'
import { type Batch, Coalescer, type CoalescerOptions } from '../src/coalescer.js'

/** One item under way, which keeps later ones waiting until it ends. */
function busy(options: Partial<CoalescerOptions<string, string>>) {
  let end = (): void => {}
  const first = new Promise<string>((resolve) => {
    end = () => resolve('first')
  })
  const all: Batch<string> = { accepts: () => true }
  const coalescer = new Coalescer<string, string>({
    createBatch: () => all,
    keyOf: (item) => item,
    one: (item) => (item === 'first' ? first : Promise.resolve(`${item} alone`)),
    batch: async (items) => items.map((item) => ({ value: `${item} together` })),
    ...options,
  })
  return { coalescer, first: coalescer.add('first'), end }
}

const settled = (promises: Promise<string>[]) =>
  Promise.all(promises.map((each) => each.catch((error: unknown) => (error as Error).message)))

test('items that come while another one is under way are served together', async () => {
  const { coalescer, first, end } = busy({})
  const others = ['a', 'b'].map((item) => coalescer.add(item))
  expect(await settled(others)).toEqual(['a together', 'b together'])
  end()
  expect(await first).toBe('first')
})

test('a batch that throws rejects all of its items, and later ones are served', async () => {
  let fails = true
  const { coalescer, first, end } = busy({
    async batch(items) {
      if (fails) throw new Error('the batch fails')
      return items.map((item) => ({ value: `${item} together` }))
    },
  })
  const others = ['a', 'b', 'c'].map((item) => coalescer.add(item))
  expect(await settled(others)).toEqual(Array(3).fill('the batch fails'))
  fails = false
  const later = ['d', 'e'].map((item) => coalescer.add(item))
  expect(await settled(later)).toEqual(['d together', 'e together'])
  end()
  await first
})

test('fewer outcomes than items leave nobody waiting', async () => {
  const { coalescer, first, end } = busy({ batch: async () => [{ value: 'only one' }] })
  const others = ['a', 'b'].map((item) => coalescer.add(item))
  expect(await settled(others)).toEqual(['only one', 'b alone'])
  end()
  await first
})

test('a batch that cannot be made rejects those who wait, and does not end the process', async () => {
  let fails = true
  const { coalescer, first, end } = busy({
    createBatch: () => ({
      accepts() {
        if (fails) throw new Error('it takes none')
        return true
      },
    }),
  })
  const others = ['a', 'b'].map((item) => coalescer.add(item))
  expect(await settled(others)).toEqual(['it takes none', 'it takes none'])
  fails = false
  expect(await settled([coalescer.add('c')])).toEqual(['c alone'])
  end()
  await first
})

test('an item that throws alone rejects alone', async () => {
  const { coalescer, first, end } = busy({
    one: (item) => (item === 'first' ? Promise.resolve('first') : Promise.reject(new Error(`${item} fails`))),
    batch: async (items) => items.map(() => undefined),
  })
  const others = ['a', 'b'].map((item) => coalescer.add(item))
  expect(await settled(others)).toEqual(['a fails', 'b fails'])
  end()
  await first
})

/** Items whose key is their letter, and what is served: each statement as the items in it, until `end` is called. */
function served(accepts: Batch<string>['accepts'] = () => true) {
  const under: string[] = []
  const ends = new Map<string, () => void>()
  const serve = (items: readonly string[]) => {
    const statement = items.join(' ')
    under.push(statement)
    return new Promise<void>((resolve) => ends.set(statement, resolve))
  }
  const coalescer = new Coalescer<string, string>({
    createBatch: () => ({ accepts }),
    keyOf: (item) => item[0],
    one: (item) => serve([item]).then(() => item),
    batch: (items) => serve(items).then(() => items.map((value) => ({ value }))),
  })
  return {
    add: (...items: string[]) => Promise.all(items.map((item) => coalescer.add(item))),
    /** The statements that were sent, once all that can be sent is. */
    sent: async () => {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      return under
    },
    end: (...statements: string[]) => {
      for (const statement of statements) ends.get(statement)!()
    },
  }
}

test('two statements are under way at most, and one for items of the same key, which go in order', async () => {
  const { add, sent, end } = served()
  const all = add('a1', 'a2', 'b1', 'c1', 'a3')
  expect(await sent()).toEqual(['a1', 'b1 c1'])
  const later = add('d1', 'b2', 'e1')
  expect(await sent()).toHaveLength(2)
  end('a1')
  expect((await sent()).slice(2)).toEqual(['a2 a3 d1 e1'])
  end('b1 c1', 'a2 a3 d1 e1')
  expect((await sent()).slice(3)).toEqual(['b2'])
  end('b2')
  expect([await all, await later]).toEqual([
    ['a1', 'a2', 'b1', 'c1', 'a3'],
    ['d1', 'b2', 'e1'],
  ])
})

test('an item does not go before one of its key that a batch has left out', async () => {
  const refused = new Set(['b1'])
  const { add, sent, end } = served((item) => !refused.delete(item))
  const all = add('a1', 'b1', 'b2', 'c1', 'd1')
  expect(await sent()).toEqual(['a1', 'c1 d1'])
  end('c1 d1', 'a1')
  expect((await sent()).slice(2)).toEqual(['b1 b2'])
  end('b1 b2')
  expect(await all).toHaveLength(5)
})

test('after a crowd an item waits for company, and after one alone it goes at once', async () => {
  const { add, sent, end } = served()
  const crowd = add('a1', 'b1', 'c1')
  expect(await sent()).toEqual(['a1', 'b1 c1'])
  end('a1', 'b1 c1')
  await crowd
  const more = add('d1', 'e1')
  expect((await sent()).slice(2)).toEqual(['d1 e1'])
  end('d1 e1')
  await more
  const single = add('f1')
  expect((await sent()).slice(3)).toEqual(['f1'])
  end('f1')
  await single
  await sent()
  const apart = add('g1', 'h1', 'i1')
  expect((await sent()).slice(4)).toEqual(['g1', 'h1 i1'])
  end('g1', 'h1 i1')
  await apart
})
