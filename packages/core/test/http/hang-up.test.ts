import { expect, it } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { alice, startGate } from '../service.js'
import { fast, gated } from '../turn/turns.js'

it('a client that goes away while the store is away ends neither the process nor a turn of another one', async () => {
  const inner = memoryStore()
  const tried = startGate()
  let isAway = false
  const store: SessionStore = {
    ...inner,
    async commit(ref, change) {
      if (!isAway || ref.tenantId !== '~turns:acme') return inner.commit(ref, change)
      tried.open()
      throw new SessionError('unavailable', 'The store is away.')
    },
  }
  const session = await createSessions({ store: inner, turns: fast }).for(alice).open('one')
  const { respond, begun, open } = gated('Hello')
  const turn = session.turn({ id: 'm', content: 'Hi' }, respond)
  await begun
  const errors: unknown[] = []
  const api = createSessionApi({
    sessions: createSessions({ store, turns: fast }),
    identify: () => alice,
    respond: () => expect.fail('asked'),
    cancelOnDisconnect: true,
    onError: (error) => errors.push(error),
  })
  const lost: unknown[] = []
  const note = (error: unknown): void => void lost.push(error)
  process.on('unhandledRejection', note)
  try {
    const { body } = await api.handle(
      new Request('https://api.test/sessions/one/message?stream=true', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: 'm', content: 'Hi' }),
      }),
    )
    const reader = body!.getReader()
    await reader.read()
    isAway = true
    await reader.cancel()
    await tried.opened
    for (let steps = 0; steps < 20; steps++) await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', note)
  }
  expect([lost, errors]).toEqual([[], []])
  open()
  expect(await turn.result).toMatchObject({ status: 'completed', text: 'Hello' })
})
