import { createConnection, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createSessions, memoryBus } from '../src/index.js'
import { listen } from './http/node-server.js'
import { alice } from './service.js'

// Whoever waits for a promise is kept until it settles: who does so again and again, for one that lasts, is a leak.
// oxlint-disable-next-line unbound-method
const { then } = Promise.prototype
afterEach(() => {
  // oxlint-disable-next-line no-extend-native
  Promise.prototype.then = then
})

/** How many wait, at most, for one promise that is not settled, from now on. */
function mostWaits(): () => number {
  const waits = new WeakMap<object, number>()
  let most = 0
  // oxlint-disable-next-line no-extend-native
  Promise.prototype.then = function (this: object, ...args: []) {
    const count = (waits.get(this) ?? 0) + 1
    waits.set(this, count)
    most = Math.max(most, count)
    const end = (): void => void waits.set(this, waits.get(this)! - 1)
    void then.call(this as Promise<unknown>, end, end)
    return then.apply(this as Promise<unknown>, args)
  } as never
  return () => most
}

it('a reader of a quiet turn waits for its next event once, however often the session changes', async () => {
  const sessions = createSessions({ bus: memoryBus() })
  const session = await sessions.for(alice).create()
  let release = (): void => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const turn = session.turn('Hi', async function* () {
    yield 'Hello'
    await held
  })
  const { turnId } = await turn.started
  const most = mostWaits()
  const types: string[] = []
  const reading = (async () => {
    for await (const { type } of session.watchTurn(turnId)) types.push(type)
  })()
  const other = await sessions.for(alice).get(session.id)
  let heard = 0
  for await (const _ of other.watch()) {
    if (++heard === 40) break
    await other.state.merge({ heard })
  }
  expect(most()).toBeLessThan(20)
  release()
  await reading
  expect(types.at(-1)).toBe('completed')
  await sessions.close()
})

it('what is sent to a slow client waits for the end of its connection once, not with each piece', async () => {
  const pieces = 200
  let sent = 0
  let over: unknown
  const body = () =>
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent++ === pieces) controller.close()
          else controller.enqueue(new Uint8Array(200_000))
        },
        cancel: () => void (over = 'cancelled'),
      },
      { highWaterMark: 0 },
    )
  const { hostname, port } = new URL(await listen({ handle: async () => new Response(body()) } as never))
  const open = async (): Promise<Socket> => {
    sent = 0
    const socket = createConnection(Number(port), hostname)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    return socket
  }
  const most = mostWaits()
  let bytes = 0
  for await (const chunk of await open()) bytes += (chunk as Uint8Array).length
  expect(bytes).toBeGreaterThan(pieces * 200_000)
  expect(most()).toBeLessThan(20)
  // One that goes away while a piece waits for room.
  const gone = await open()
  await new Promise((resolve) => gone.once('readable', resolve))
  gone.destroy()
  await expect.poll(() => over, { timeout: 10_000 }).toBe('cancelled')
})
