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
    keyOf: () => undefined,
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
