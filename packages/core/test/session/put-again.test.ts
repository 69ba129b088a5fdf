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
