import { describe, expect, it } from 'vitest'
import {
  copySessions,
  createSessions,
  memoryStore,
  type Session,
  type SessionStore,
} from '../../src/index.js'
import { alice } from '../service.js'

const said = (content: string) => ({ role: 'user' as const, content })

/** A store whose primary fails over to a replica that has not got the last writes yet. */
function pair() {
  const primary = memoryStore()
  const replica = memoryStore()
  let now = primary
  let reads = 0
  const store: SessionStore = {
    read: async (...given) => now.read(...given),
    commit: async (...given) => now.commit(...given),
    messages: async (...given) => (reads++, now.messages(...given)),
    amend: async (...given) => now.amend(...given),
    trim: async (...given) => now.trim(...given),
    remove: async (...given) => now.remove(...given),
    list: async (...given) => now.list(...given),
    sweep: async (...given) => now.sweep(...given),
    restore: async (...given) => now.restore(...given),
  }
  const credentialSecrets = ['a secret that both processes know, and nobody else']
  const process = () => createSessions({ store, credentialSecrets }).for(alice)
  return {
    process,
    replicate: async () => copySessions(primary, replica, { tenants: ['acme'] }),
    failOver: () => void (now = replica),
    readsOf: async (work: () => Promise<unknown>) => {
      const before = reads
      await work()
      return reads - before
    },
  }
}

const shown = async (session: Session, query?: string) => {
  const options = query === undefined ? {} : { query }
  const { messages } = await session.context({ maxTokens: 3000, ...options })
  return JSON.stringify(messages)
}

describe('a process that has read what a failover lost', () => {
  it.each([
    ['less', 2, 2],
    ['as much', 2, 3],
    ['more than a context reads with the session', 2, 40],
    ['something in the place of less', 1, 5],
  ])('shows what is there, where %s was said since', async (_, lost, since) => {
    const { process, replicate, failOver } = pair()
    const mine = await process().create({ id: 's', messages: [said('first')] })
    await replicate()
    for (let n = 0; n < lost; n++) await mine.append(said(`gone ${n} zebra`))
    expect(await shown(mine)).toContain('gone 0')
    expect(await shown(mine, 'zebra')).toContain('gone 0')
    failOver()
    expect(await shown(mine)).not.toContain('gone')
    const theirs = await process().get('s')
    for (let n = 0; n < since; n++) await theirs.append(said(`there ${n} zebra`))
    for (const query of [undefined, 'zebra']) {
      const text = await shown(mine, query)
      expect(text).not.toContain('gone')
      expect(text).toContain('there 0')
    }
  })

  it('counts what is there', async () => {
    const { process, replicate, failOver } = pair()
    const mine = await process().create({ id: 's', messages: [said('first')] })
    await replicate()
    for (let n = 0; n < 2; n++) await mine.append({ role: 'assistant', content: `gone ${n} zebra` })
    expect((await mine.info()).messages.assistant).toBe(2)
    failOver()
    const theirs = await process().get('s')
    for (let n = 0; n < 3; n++) await theirs.append(said(`there ${n} lion`))
    const { messages, topics } = await mine.info()
    expect(messages).toMatchObject({ user: 4, assistant: 0 })
    expect(JSON.stringify(topics)).not.toContain('zebra')
  })

  it('reads nothing more than before where nothing was lost', async () => {
    const { process, readsOf } = pair()
    const mine = await process().create({ id: 's', messages: [said('first')] })
    await shown(mine)
    for (let n = 0; n < 30; n++) await mine.append(said(`more ${n}`))
    expect(await readsOf(async () => shown(mine))).toBe(0)
    for (let n = 0; n < 40; n++) await mine.append(said(`yet more ${n}`))
    // What lies between, and the last one that was known.
    expect(await readsOf(async () => shown(mine))).toBe(2)
    expect(await readsOf(async () => shown(mine))).toBe(0)
  })
})
