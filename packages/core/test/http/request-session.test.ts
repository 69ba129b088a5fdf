import { expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionStore } from '../../src/index.js'
import { createTransport, RequestSession } from '../../src/node.js'
import { alice, codeOf, startGate } from '../service.js'

/** The session of a request whose store answers a commit when the gate opens. */
function request(commit?: () => Promise<never>) {
  const gate = startGate()
  const inner = memoryStore()
  const slow: Pick<SessionStore, 'commit'> = {
    commit: async (...given) => {
      await gate.opened
      return commit === undefined ? inner.commit(...given) : commit()
    },
  }
  const store = Object.assign(Object.create(inner) as SessionStore, slow)
  const sessions = createSessions({ store })
  const sent: string[] = []
  let isOver = false
  const session = new RequestSession({
    sessions,
    transport: createTransport({}, sessions.ttl.absoluteMs),
    fields: { cookie: undefined, sessionId: undefined, isSecure: false },
    headers: { canWrite: () => !isOver, append: (name) => sent.push(name), setDefault: () => {} },
    identify: () => alice,
    warn: () => {},
  })
  const end = (): void => {
    isOver = true
  }
  return { session, sent, gate, end }
}

const hello = { role: 'user', content: 'Hello' } as const

it('settles when a draft that is on its way to the store has been handed over', async () => {
  const { session, sent, gate, end } = request()
  const writing = session.get().then((draft) => draft.append(hello))
  await session.get()
  await Promise.resolve()
  const settled = session.settled().then(end)
  gate.open()
  await settled
  await writing
  expect(sent).toContain('Set-Cookie')
})

it('settles at once when nothing is on its way', async () => {
  const { session, end } = request()
  const draft = await session.get()
  await session.settled().then(end)
  expect(await codeOf(draft.append(hello))).toBe('headers_sent')
  expect(draft.isStored).toBe(false)
})

it('settles when a draft could not be stored', async () => {
  const { session, sent, gate } = request(() => Promise.reject(new Error('down')))
  const draft = await session.get()
  const writing = codeOf(draft.append(hello))
  const settled = session.settled()
  gate.open()
  await settled
  expect(await writing).not.toBe('settled')
  expect(sent).not.toContain('Set-Cookie')
})
