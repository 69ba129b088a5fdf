import { expect, it, onTestFinished, vi } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { wrapStore } from '../../src/testing.js'
import { anonymous, codeOf, service, startGate } from '../service.js'

// What several calls of one handle do at once, when the answer to the first of them comes last.

const said = (content: string) => ({ role: 'user', content }) as const

/** A handle that a credential opened; its store may hold back the answer to one call. */
async function open() {
  const { opened, open: goOn } = startGate()
  let held: string | undefined
  const store = wrapStore(memoryStore(), async (method, make) => {
    const isHeld = method === held
    if (isHeld) held = undefined
    const answer = await make()
    if (isHeld) await opened
    return answer
  })
  const mine = service({ store }).for(anonymous)
  const session = (await mine.findByCredential(await (await mine.create()).credential()))!
  return {
    session,
    goOn,
    holdNext: (method: 'read' | 'commit') => (held = method),
    isHolding: () => held === undefined,
  }
}

it('no message overtakes an earlier one that waits for a look at the session', async () => {
  const { session, goOn, holdNext, isHolding } = await open()
  // By now a handle looks before it appends.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1000)
  onTestFinished(() => clock.mockRestore())
  holdNext('read')
  const one = session.append(said('one'))
  await vi.waitUntil(isHolding)
  await session.state.get()
  const two = session.append(said('two'))
  await session.state.get()
  goOn()
  await Promise.all([one, two])
  expect((await session.allMessages()).map(({ content }) => content)).toEqual(['one', 'two'])
})

it('a guest who renews the credential twice keeps the session, although the first answer comes last', async () => {
  const { session, goOn, holdNext } = await open()
  holdNext('commit')
  const first = session.rotateCredential()
  expect(await codeOf(session.rotateCredential())).toBe('settled')
  goOn()
  await first
  expect(await codeOf(session.credential())).toBe('settled')
})
