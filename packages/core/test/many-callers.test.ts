import { expect, test } from 'vitest'
import { type CallerSessions, createSessions } from '../src/index.js'
import { createSessionApi } from '../src/http.js'

const alice = { tenantId: 'acme', userId: 'alice' }
const callers = 200
// No timer is due before microtasks have ended: what goes on in them holds the event loop at a stretch.
const mostAtOnce = 50
const settled = Promise.resolve()

/** How many of all callers have an answer before anything else of the process has its turn. */
async function answeredAtOnce(call: () => Promise<unknown>): Promise<number> {
  let answered = 0
  const calls = Array.from({ length: callers }, async () => {
    await call()
    answered++
  })
  for (let step = 0; step < 20_000; step++) await settled
  const atOnce = answered
  await Promise.all(calls)
  return atOnce
}

test.each<[string, (mine: CallerSessions, id: string, credential: string) => Promise<unknown>]>([
  ['get', (mine, id) => mine.get(id)],
  ['findByCredential', (mine, _, credential) => mine.findByCredential(credential)],
  ['open', (mine, id) => mine.open(id)],
  ['create', (mine) => mine.create()],
])('%s lets other work go on, however many callers come at once', async (_, call) => {
  const sessions = createSessions()
  const mine = sessions.for(alice)
  const session = await mine.create({ id: 'one' })
  const credential = await session.credential()
  await call(mine, session.id, credential)
  expect(await answeredAtOnce(() => call(mine, session.id, credential))).toBeLessThanOrEqual(mostAtOnce)
})

test('exports let other work go on, however many begin at once', async () => {
  const mine = createSessions().for(alice)
  await mine.create()
  const readAll = async () => {
    for await (const line of mine.export()) expect(line).not.toBe('')
  }
  await readAll()
  expect(await answeredAtOnce(readAll)).toBeLessThanOrEqual(mostAtOnce)
})

test('requests let other work go on, however many a server reads in one turn', async () => {
  let asked = 0
  const identify = () => {
    asked++
    return alice
  }
  const api = createSessionApi({ sessions: createSessions(), identify })
  const ask = () => api.handle(new Request('http://shop.test/sessions'))
  await ask()
  asked = 0
  const calls = Array.from({ length: callers }, ask)
  for (let step = 0; step < 20_000; step++) await settled
  expect(asked).toBeLessThanOrEqual(mostAtOnce)
  await Promise.all(calls)
  expect(asked).toBe(callers)
})
