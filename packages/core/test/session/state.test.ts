import { describe, expect, it } from 'vitest'
import { alice, anonymous, service } from '../service.js'

const told = ({ events }: ReturnType<typeof service>, type: string) =>
  events.filter((event) => event.type === type)

describe('the state of a session', () => {
  it('is changed by a function, and by nothing else', async () => {
    const session = await service()
      .for(alice)
      .create({ state: { phase: 'search' } })
    for (const change of [undefined, null, { phase: 'paid' }, 'paid'])
      await expect(session.state.update(change as never)).rejects.toMatchObject({
        code: 'invalid',
        message: 'change must be a function',
        path: 'change',
      })
    for (const [verb, given] of [
      ['merge', 'paid'],
      ['merge', undefined],
      ['update', () => undefined],
      ['update', () => ['paid']],
    ] as const)
      await expect(session.state[verb](given as never)).rejects.toMatchObject({
        code: 'invalid',
        path: 'state',
      })
    expect(await session.state.get()).toEqual({ phase: 'search' })
  })

  it('is told of when it has changed, with its revision', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create({ state: { phase: 'search' } })
    const { revision } = session.record
    expect(await session.state.update((state) => state)).toEqual({ phase: 'search' })
    expect([told(sessions, 'state.changed'), session.record.revision]).toEqual([[], revision])
    expect(await session.state.update((state) => ({ ...state, paid: true }))).toEqual({
      phase: 'search',
      paid: true,
    })
    expect(await session.state.merge({ phase: null })).toEqual({ paid: true })
    expect(told(sessions, 'state.changed')).toMatchObject([
      { sessionId: session.id, revision: revision + 1 },
      { sessionId: session.id, revision: revision + 2 },
    ])
  })
})

describe('the preferences of a session', () => {
  it('are told of by their names, without what they are', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create()
    const { revision } = session.record
    expect(await session.preferences.merge({ budget: 500, brand: null })).toEqual({ budget: 500 })
    const events = told(sessions, 'preferences.changed')
    expect(events).toMatchObject([{ revision: revision + 1, keys: ['budget', 'brand'] }])
    expect(JSON.stringify(events)).not.toContain('500')
    await expect(session.preferences.merge(5 as never)).rejects.toMatchObject({
      code: 'invalid',
      path: 'preferences',
    })
  })

  it.each([
    ['a user', alice],
    ['nobody', anonymous],
  ])('are not kept without consent to personalization, of %s', async (_, identity) => {
    const sessions = service({ consent: { unsaid: { personalization: false } } })
    const session = await sessions.for(identity).create()
    await expect(session.preferences.merge({ budget: 500 })).rejects.toMatchObject({
      code: 'consent_missing',
      message: expect.stringContaining('personalization'),
    })
    expect([await session.preferences.get(), told(sessions, 'preferences.changed')]).toEqual([{}, []])
    const willing = sessions.for({ ...identity, consents: { personalization: true } })
    const other = await willing.create()
    expect(await other.preferences.merge({ budget: 500 })).toEqual({ budget: 500 })
  })
})
