import { describe, expect, it } from 'vitest'
import type { MessageInput, Session } from '../../src/index.js'
import { service } from '../service.js'

const said = (content: string): MessageInput => ({ role: 'user', content })
const contents = async (session: Session) => (await session.history()).messages.map(({ content }) => content)

/** A service whose redactor takes for `slow` texts until it may go on. */
function redacting() {
  let go = () => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  const redact = (text: string) => (text.startsWith('slow') ? gate.then(() => text) : text)
  return { mine: service({ redact }).for({ tenantId: 'acme', userId: 'alice' }), go: () => go() }
}

describe.each([
  ['stored', (mine: ReturnType<typeof redacting>['mine']) => mine.create()],
  ['not stored yet', async (mine: ReturnType<typeof redacting>['mine']) => mine.draft()],
] as const)('messages that are appended without waiting, to a session that is %s,', (_, open) => {
  it('are stored in the order of the calls, however long one takes', async () => {
    const { mine, go } = redacting()
    const session = await open(mine)
    const all = ['slow', 'two', 'slow three', 'four'].map((content) => session.append(said(content)))
    go()
    const seqs = (await Promise.all(all)).map(([message]) => message!.seq)
    expect(seqs).toEqual([1, 2, 3, 4])
    expect(await contents(session)).toEqual(['slow', 'two', 'slow three', 'four'])
    await session.append(said('five'))
    expect((await contents(session)).at(-1)).toBe('five')
  })

  it('wait no longer for one that is refused', async () => {
    const { mine, go } = redacting()
    const session = await open(mine)
    const slow = session.append(said('slow'))
    const refused = session.append({ role: 'user', content: 5 } as never)
    const last = session.append(said('last'))
    const refusal = expect(refused).rejects.toMatchObject({ code: 'invalid' })
    // A rejection that nobody heard of would end the process here.
    await new Promise((resolve) => setImmediate(resolve))
    go()
    await refusal
    await Promise.all([slow, last])
    expect(await contents(session)).toEqual(['slow', 'last'])
  })
})

it('messages that take more than a turn of the event loop are not overtaken by short ones', async () => {
  const session = await service().for({ tenantId: 'acme', userId: 'alice' }).create()
  // Other words each time: what was counted before is known.
  const long = (n: number) => `What was said in the year ${n} goes on for a while, and on. `.repeat(250)
  const many = Array.from({ length: 200 }, (_, n) => said(long(n)))
  await Promise.all([session.append(many), session.append(said('last'))])
  expect((await session.history({ limit: 400 })).messages.map(({ content }) => content)).toEqual([
    ...many.map(({ content }) => content),
    'last',
  ])
})
