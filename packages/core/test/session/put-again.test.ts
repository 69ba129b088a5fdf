import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type Session, type SessionStore } from '../../src/index.js'
import type { SessionChange } from '../../src/store.js'
import { alice } from '../service.js'

const message = (id: string) => ({ id, role: 'user' as const, content: `say ${id}` })
const ids = async (session: Session) => (await session.history()).messages.map(({ id }) => id)

/** Two handles of one session; `meet` runs once, before or after the first commit of the first one that is chosen. */
async function meeting() {
  const store = memoryStore()
  let chosen:
    | { when: (change: SessionChange) => boolean; act: () => Promise<unknown>; after: boolean }
    | undefined
  let met = false
  const interrupted: SessionStore = {
    ...store,
    commit: async (ref, change) => {
      const meeting = chosen?.when(change) === true ? chosen : undefined
      if (meeting !== undefined) chosen = undefined
      met ||= meeting !== undefined
      if (meeting?.after === false) await meeting.act()
      const committed = await store.commit(ref, change)
      if (meeting?.after === true) await meeting.act()
      return committed
    },
  }
  const mine = await createSessions({ store: interrupted }).for(alice).open('one')
  await mine.append([message('a'), message('b'), message('c')])
  const theirs = await createSessions({ store }).for(alice).get('one')
  return {
    mine,
    theirs,
    before: (when: (change: SessionChange) => boolean, act: () => Promise<unknown>) =>
      void (chosen = { when, act, after: false }),
    after: (when: (change: SessionChange) => boolean, act: () => Promise<unknown>) =>
      void (chosen = { when, act, after: true }),
    met: () => met,
  }
}

const brings = (id: string) => (change: SessionChange) =>
  change.messages?.some((one) => one.id.startsWith(id)) === true

const isBody = ({ body }: SessionChange) => body !== undefined

describe('a known message that is put on the branch again', () => {
  it('is shown once when another caller brings its branch back meanwhile', async () => {
    const { mine, theirs, before, met } = await meeting()
    await mine.rewind(0)
    await mine.append(message('d'))
    const [branch] = await theirs.branches()
    before(brings('b~'), () => theirs.switchBranch(branch!.id))
    expect(await mine.append(message('b'))).toMatchObject([{ seq: 2, inserted: false }])
    expect(met()).toBe(true)
    expect(await ids(theirs)).toEqual(['a', 'b', 'c'])
  })

  it('is shown once when two callers say it at once', async () => {
    const { mine, theirs, before, met } = await meeting()
    await mine.rewind(0)
    await mine.append(message('d'))
    before(brings('b~'), () => theirs.append(message('b')))
    expect(await mine.append(message('b'))).toMatchObject([{ seq: 5, inserted: false }])
    expect(met()).toBe(true)
    expect(await ids(mine)).toEqual(['d', 'b'])
  })

  it('takes no message of others off the branch, where it stands among new ones', async () => {
    const { mine, theirs, after, met } = await meeting()
    await mine.rewind(1)
    after(brings('new'), () => theirs.append(message('theirs')))
    await mine.append([message('c'), message('new')])
    expect(met()).toBe(true)
    const shown = await ids(mine)
    expect(shown.toSorted()).toEqual(['a', 'c', 'new', 'theirs'])
    expect(shown.indexOf('c')).toBeLessThan(shown.indexOf('new'))
  })
})

describe('messages that are said again', () => {
  const said = (session: Session, ...each: string[]) => session.append(each.map(message))
  /** What a fresh look at the session shows. */
  async function begun() {
    const mine = createSessions().for(alice)
    const session = await mine.open('one')
    await said(session, 'a', 'b', 'c')
    const shown = async () => {
      const { messages } = await (await mine.get('one')).history()
      expect(messages.map(({ content }) => content)).toEqual(messages.map(({ id }) => `say ${id}`))
      return messages.map(({ id, seq }) => `${id}${seq}`).join(' ')
    }
    return { session, shown }
  }

  it('change nothing where the branch has them', async () => {
    const { session, shown } = await begun()
    const { revision } = (await session.read()).record
    expect(await said(session, 'b', 'a')).toMatchObject([
      { id: 'b', seq: 2, inserted: false },
      { id: 'a', seq: 1, inserted: false },
    ])
    expect([await shown(), (await session.read()).record]).toMatchObject([
      'a1 b2 c3',
      { revision, lastSeq: 3 },
    ])
  })

  it('are themselves at the end of the branch, in their order', async () => {
    const { session, shown } = await begun()
    await session.rewind(0)
    expect(await said(session, 'b', 'c')).toMatchObject([{ seq: 2, inserted: false }, { seq: 3 }])
    expect(await shown()).toBe('b2 c3')
    await said(session, 'd')
    expect(await shown()).toBe('b2 c3 d4')
  })

  it('take nothing off the branch that stands before them', async () => {
    const { session, shown } = await begun()
    await session.rewind(1)
    await said(session, 'd', 'e')
    await session.rewind(4)
    await said(session, 'f')
    await session.rewind(4)
    await said(session, 'e')
    await said(session, 'g')
    expect(await shown()).toBe('a1 d4 e5 g7')
  })

  it('come after what others said on another branch meanwhile', async () => {
    const { mine, theirs, before, met } = await meeting()
    await mine.rewind(1)
    before(isBody, async () => {
      await theirs.rewind(0)
      await theirs.append(message('theirs'))
    })
    expect(await mine.append(message('b'))).toMatchObject([{ id: 'b', inserted: false }])
    expect([met(), await ids(theirs)]).toEqual([true, ['theirs', 'b']])
  })

  it('come as copies where they stand otherwise, or others have come since', async () => {
    const backwards = await begun()
    await backwards.session.rewind(1)
    await said(backwards.session, 'c', 'b')
    expect(await backwards.shown()).toBe('a1 c4 b5')
    const partly = await begun()
    await partly.session.rewind(2)
    await said(partly.session, 'a', 'c')
    expect(await partly.shown()).toBe('a1 b2 c3')
    const earlier = await begun()
    await earlier.session.rewind(0)
    await said(earlier.session, 'd')
    await earlier.session.rewind(4)
    await said(earlier.session, 'b')
    expect(await earlier.shown()).toBe('d4 b5')
    const late = await begun()
    await late.session.rewind(1)
    await said(late.session, 'd')
    await said(late.session, 'b')
    await said(late.session, 'b')
    expect(await late.shown()).toBe('a1 d4 b5')
  })

  it('are refused as any others where there is no room for a copy', async () => {
    const mine = createSessions({ limits: { maxMessages: 4 } }).for(alice)
    const session = await mine.open('one')
    await said(session, 'a', 'b', 'c')
    await session.rewind(0)
    await said(session, 'd')
    await expect(said(session, 'b')).rejects.toMatchObject({ code: 'limit_reached' })
    expect(await ids(session)).toEqual(['d'])
  })

  it('are what they were, one that broke off too', async () => {
    const { session } = await begun()
    const part = {
      id: 's',
      role: 'assistant',
      content: 'say s',
      status: 'aborted',
      metadata: { model: 'm' },
    } as const
    await session.append(part)
    await session.rewind(0)
    await said(session, 'd')
    await session.append(part)
    expect((await session.history()).messages.at(-1)).toMatchObject({ ...part, seq: 6 })
  })

  it('come on each branch, whatever ids others have taken', async () => {
    const { session, shown } = await begun()
    await session.rewind(0)
    await said(session, 'b~2')
    const seen: string[] = []
    for (const first of ['d', 'e', 'f']) {
      await session.rewind(0)
      await said(session, first)
      await said(session, 'b')
      seen.push(await shown())
    }
    expect(seen).toEqual(['d5 b6', 'e7 b8', 'f9 b10'])
  })
})

describe('a turn whose answer broke off', () => {
  it('takes no message of others off the branch', async () => {
    const { mine, theirs, before, met } = await meeting()
    const failing = mine.turn({ id: 'q', content: 'Why?' }, () => {
      throw new Error('the model is away')
    })
    await failing.result.catch(() => undefined)
    before(isBody, async () => {
      await theirs.append(message('theirs'))
      // The turn has to look at the session again.
      await theirs.state.merge({ seen: true })
    })
    const again = await mine.turn({ id: 'q', content: 'Why?' }, () => 'Because.').result
    expect(met()).toBe(true)
    expect(again.text).toBe('Because.')
    const shown = (await mine.history()).messages.map(({ content }) => content)
    expect(shown).toEqual(['say a', 'say b', 'say c', 'Why?', 'say theirs', 'Because.'])
  })

  it('asks a message of another branch after what others said meanwhile', async () => {
    const { mine, theirs, before, met } = await meeting()
    await mine.turn({ id: 'q', content: 'Why?' }, () => 'one').result
    await mine.rewind(1)
    before(isBody, async () => {
      await theirs.append(message('theirs'))
      // The turn has to look at the session again.
      await theirs.state.merge({ seen: true })
    })
    await mine.turn({ id: 'q', content: 'Why?' }, () => 'two').result
    expect(met()).toBe(true)
    const shown = (await mine.history()).messages.map(({ content }) => content)
    expect(shown.toSorted()).toEqual(['Why?', 'say a', 'say theirs', 'two'])
  })
})
