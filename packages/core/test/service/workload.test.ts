import { expect, it } from 'vitest'
import { takeCalls } from '../../src/service/take-calls.js'
import { Workload } from '../../src/service/workload.js'

const refusal = { code: 'closed', message: 'The service is closed: it takes no calls any more.' }

/** Work that ends when it is told to. */
function held<T>(value: T) {
  let end = (): void => {}
  const done = new Promise<T>((resolve) => (end = () => resolve(value)))
  return { done, end }
}

const turns = async () => new Promise<void>((resolve) => void setImmediate(resolve))
const codeOf = async (work: () => Promise<string> | void) => {
  try {
    return await work()
  } catch (error) {
    expect(error).toMatchObject(refusal)
    return 'closed'
  }
}

/** What a service takes now: calls, requests, turns, work in the background, work at all. */
async function takes(work: Workload) {
  let ran = 0
  work.background(`${Math.random()}`, async () => void ran++)
  const taken = [
    await codeOf(async () => work.call(async () => 'call')),
    await codeOf(async () => work.request(async () => 'request')),
    await codeOf(async () => (await work.turn(async () => ({ result: Promise.resolve('turn') }))).result),
    ran === 1 ? 'background' : 'closed',
    await codeOf(() => work.checkRunning()),
    await codeOf(() => work.checkOpen()),
  ]
  return taken.map((each) => each ?? 'runs').join(' ')
}

it('closes by and by: requests first, then new turns, then calls', async () => {
  const work = new Workload()
  expect([work.isOpen, await takes(work)]).toEqual([true, 'call request turn background runs runs'])
  const [call, turn, later, background, last] = [held(1), held(2), held(3), held(undefined), held(5)]
  const calling = work.call(async () => call.done)
  const begun = await work.turn(async () => ({ result: turn.done }))
  const ended: string[] = []
  work.onClose(() => ended.push('first'))
  work.onClose(() => ended.push('never'))()
  let isClosed = false
  const closing = work.close().then(() => (isClosed = true))
  expect([work.isOpen, ended]).toEqual([false, ['first']])
  expect(await takes(work)).toBe('call closed turn background runs runs')
  work.background('b', () => background.done)
  let again = 0
  work.background('b', async () => void again++)
  call.end()
  expect(await calling).toBe(1)
  await work.turn(async () => ({ result: later.done }))
  turn.end()
  await begun.result
  await turns()
  // What began meanwhile is waited for, and begins nothing more.
  expect(await takes(work)).toBe('call closed closed closed runs runs')
  later.end()
  await turns()
  expect([await takes(work), again]).toEqual(['call closed closed closed runs runs', 0])
  const late = work.call(async () => last.done)
  background.end()
  await work.settled()
  await turns()
  expect(await takes(work)).toBe('closed closed closed closed runs closed')
  expect(isClosed).toBe(false)
  last.end()
  expect(await late).toBe(5)
  await closing
  expect(await takes(work)).toBe('closed closed closed closed closed closed')
  await work.close()
  expect(ended).toEqual(['first'])
})

it('what fails ends like all else', async () => {
  const work = new Workload()
  const failing = async () => Promise.reject(new Error('odd'))
  await expect(work.call(failing)).rejects.toThrow('odd')
  await expect(work.request(failing)).rejects.toThrow('odd')
  await expect(work.turn(failing)).rejects.toThrow('odd')
  const { result } = await work.turn(async () => ({ result: failing() }))
  await expect(result).rejects.toThrow('odd')
  await work.close()
})

it('the methods of a class are calls, but for those that give an object at once', async () => {
  class Handle {
    readonly work = new Workload()
    readonly name = 'handle'
    get title() {
      return `title of ${this.name}`
    }
    async add(one: number, two: number) {
      return `${this.name} ${one + two}`
    }
    part() {
      return { of: this.name }
    }
  }
  takeCalls(Handle.prototype, ({ work }) => work, ['part'])
  const handle = new Handle()
  expect([await handle.add(1, 2), handle.part(), handle.title]).toEqual([
    'handle 3',
    { of: 'handle' },
    'title of handle',
  ])
  expect([handle.constructor === Handle, Handle.prototype.add.name]).toEqual([true, 'add'])
  await handle.work.close()
  await expect(handle.add(1, 2)).rejects.toMatchObject(refusal)
  expect([handle.part(), handle.title]).toEqual([{ of: 'handle' }, 'title of handle'])
})
