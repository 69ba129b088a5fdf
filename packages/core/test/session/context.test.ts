import { describe, expect, it } from 'vitest'
import { extractFacts } from '../../src/context.js'
import {
  createSessions,
  memoryStore,
  type SessionStore,
  type SessionWarning,
  textOf,
} from '../../src/index.js'
import { alice, service } from '../service.js'

const said = (count: number, about: (index: number) => string = (index) => `message number ${index}`) =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: about(index),
  }))
const shown = (built: { messages: readonly unknown[] }): string => JSON.stringify(built.messages)

/** A store that counts how many messages it hands out. */
function counting(): { store: SessionStore; handedOut: () => number } {
  const store = memoryStore()
  let count = 0
  return {
    handedOut: () => count,
    store: {
      ...store,
      async read(ref, options) {
        const stored = await store.read(ref, options)
        count += stored?.messages.length ?? 0
        return stored
      },
      async messages(ref, query) {
        const page = await store.messages(ref, query)
        count += page.messages.length
        return page
      },
    },
  }
}

describe('session.context', () => {
  it('finds what was said long ago when asked for it', async () => {
    const session = await service().for(alice).create()
    await session.append([{ role: 'user', content: 'My dog Bruno was born in Lisbon.' }])
    for (let batch = 0; batch < 10; batch++) {
      await session.append(said(200, (index) => `We talk about the weather of day ${batch * 200 + index}.`))
    }
    const built = await session.context({ maxTokens: 1000, query: 'Where was the dog Bruno born?' })
    expect(shown(built)).toContain('Lisbon')
    expect(built.tokens).toBeLessThanOrEqual(1000)
  })

  it('reads only what is new since the context before', async () => {
    const { store, handedOut } = counting()
    const session = await createSessions({ store }).for(alice).create()
    await session.append(said(500))
    await session.context({ maxTokens: 1000 })
    const before = handedOut()
    await session.append(said(2))
    const built = await session.context({ maxTokens: 1000 })
    expect(shown(built)).toContain('message number 1')
    expect(handedOut() - before).toBeLessThan(100)
  })

  it('sees what another process appended, rewound, reset', async () => {
    const store = memoryStore()
    const one = await createSessions({ store }).for(alice).open('one')
    const two = await createSessions({ store }).for(alice).open('one')
    await one.append(said(4))
    expect(shown(await one.context({ maxTokens: 1000 }))).toContain('number 3')
    await two.append({ role: 'user', content: 'from elsewhere' })
    expect(shown(await one.context({ maxTokens: 1000 }))).toContain('from elsewhere')
    await two.rewind(2)
    const rewound = shown(await one.context({ maxTokens: 1000 }))
    expect(rewound).toContain('number 1')
    expect(rewound).not.toContain('number 3')
    await two.reset()
    expect((await one.context({ maxTokens: 1000 })).messages).toEqual([])
    await two.delete()
    await createSessions({ store })
      .for(alice)
      .create({ id: 'one', messages: [{ role: 'user', content: 'anew' }] })
    const again = await createSessions({ store }).for(alice).get('one')
    expect(shown(await again.context({ maxTokens: 1000 }))).not.toContain('number')
  })

  it('keeps the beginning of the prompt the same for many turns, in another process too', async () => {
    const store = memoryStore()
    let session = await createSessions({ store }).for(alice).open('one')
    let moved = 0
    let before = ''
    for (let turn = 0; turn < 100; turn++) {
      await session.append([
        { role: 'user', content: `question ${turn} ${'x'.repeat(100)}` },
        { role: 'assistant', content: `answer ${turn} ${'y'.repeat(100)}` },
      ])
      if (turn % 10 === 9) session = await createSessions({ store }).for(alice).get('one')
      const { report } = await session.context({ maxTokens: 2000 })
      if (report.prefixHash !== before) moved++
      before = report.prefixHash
    }
    expect(moved).toBeGreaterThan(1)
    expect(moved).toBeLessThan(20)
  })

  it('does not remember where a look-up began, and leaves a draft a draft', async () => {
    const session = await service().for(alice).create()
    await session.append(said(300))
    const { revision } = (await session.read()).record
    await session.context({ maxTokens: 500, query: 'message number 7' })
    expect((await session.read()).record.revision).toBe(revision)
    const draft = service().for(alice).draft()
    expect((await draft.context({ maxTokens: 500 })).messages).toEqual([])
    expect(draft.isStored).toBe(false)
  })
})

describe('session.compact', () => {
  it('sums up what is old, destroys nothing, and lets appends go on meanwhile', async () => {
    let asked: readonly { seq: number }[] = []
    const sessions = service({
      context: {
        summaries: { keepTokens: 200, minTokens: 100 },
        summarize: async (plan) => {
          asked = plan.messages
          await session.append({ role: 'user', content: 'meanwhile' })
          return `a summary of ${plan.messages.length} messages`
        },
      },
    })
    const session = await sessions.for(alice).create()
    await session.append(said(100))
    const { compacted, summary } = await session.compact()
    expect(compacted).toBe(true)
    expect(summary).toMatchObject({ from: 1, text: `a summary of ${asked.length} messages` })
    const { messages } = await session.history({ limit: 1000 })
    expect(messages).toHaveLength(101)
    expect(messages.at(-1)!.content).toBe('meanwhile')
    expect(shown(await session.context({ maxTokens: 600 }))).toContain('a summary of')
    expect(sessions.events.at(-1)).toMatchObject({ type: 'context.compacted', from: 1, to: summary!.to })
    expect(await session.compact()).toEqual({ compacted: false })
  })

  it('keeps the first facts through ten rounds', async () => {
    const sessions = service({
      context: {
        summaries: { keepTokens: 100, minTokens: 100, maxTokens: 1000 },
        // Keeps what starts with FACT, as a good model would keep what matters.
        summarize: ({ messages, replaces }) =>
          [...replaces.map(({ text }) => text), ...messages.map(textOf)]
            .flatMap((text) => text.match(/FACT\d+/g) ?? [])
            .join(' '),
      },
    })
    const session = await sessions.for(alice).create()
    for (let round = 0; round < 10; round++) {
      await session.append(
        said(30, (index) => `${index % 15 === 0 ? 'FACT' : 'word'}${round * 30 + index} and some words more`),
      )
      expect((await session.compact()).compacted).toBe(true)
    }
    const built = shown(await session.context({ maxTokens: 2500 }))
    for (const fact of [0, 15, 30, 150]) expect(built).toMatch(new RegExp(`FACT${fact}\\b`))
    expect((await session.info()).messages.total).toBe(300)
  })

  it('does not wait longer for a model than it may, tells it to stop, and asks it no more for now', async () => {
    const warnings: SessionWarning[] = []
    const stopped: boolean[] = []
    const sessions = service({
      context: {
        summaries: { keepTokens: 100, minTokens: 100, inputTokens: 300 },
        compactAboveTokens: 200,
        summarizeTimeoutMs: 10,
        summarize: async (_, signal) => {
          signal!.addEventListener('abort', () => stopped.push(true))
          return new Promise<never>(() => {})
        },
      },
      onWarning: (warning) => warnings.push(warning),
    })
    const session = await sessions.for(alice).create()
    await session.append(said(100))
    expect(await session.compact()).toMatchObject({ compacted: true, more: true })
    expect(stopped).toEqual([true])
    expect(warnings).toMatchObject([
      { code: 'summarize_failed', cause: { message: 'summarize took longer than 10 ms' } },
    ])
    // In the background too: the service can be closed.
    await session.context({ maxTokens: 600 })
    await sessions.close()
    expect(stopped).toEqual([true, true])
  })

  it('does without the function of the caller when that fails, and warns', async () => {
    const warnings: string[] = []
    const session = await createSessions({
      onWarning: ({ code }) => warnings.push(code),
      context: {
        summaries: { keepTokens: 100, minTokens: 100 },
        summarize: () => Promise.reject(new Error('the model is down')),
      },
    })
      .for(alice)
      .create()
    await session.append(said(50))
    const { compacted, summary } = await session.compact()
    expect(compacted).toBe(true)
    expect(summary!.text).toContain('message number 0')
    expect(warnings).toEqual(['summarize_failed'])
  })

  it('happens by itself over a threshold, outside of the request, one at a time', async () => {
    let runs = 0
    const sessions = service({
      context: {
        compactAboveTokens: 500,
        summaries: { keepTokens: 100, minTokens: 100 },
        summarize: async () => {
          runs++
          return 'in short'
        },
      },
    })
    const session = await sessions.for(alice).create()
    await session.append(said(10))
    await session.context({ maxTokens: 1000 })
    await sessions.settled()
    expect(runs).toBe(0)
    await session.append(said(100))
    await Promise.all([session.context({ maxTokens: 1000 }), session.context({ maxTokens: 1000 })])
    await sessions.settled()
    expect(runs).toBe(1)
    expect((await session.read()).summaries).toMatchObject([{ text: 'in short' }])
  })
})

describe('facts', () => {
  it('are remembered, superseded by subject, forgotten, and told in every context', async () => {
    const session = await service().for(alice).create()
    await session.remember({ text: 'Likes red', subject: 'colour' }, { text: 'Has two cats' })
    const facts = await session.remember({ text: 'Likes blue', subject: 'colour' })
    expect(facts.map(({ text }) => text)).toEqual(['Has two cats', 'Likes blue'])
    await session.append(said(3))
    const built = shown(await session.context({ maxTokens: 500 }))
    expect(built).toContain('Likes blue')
    expect(built).not.toContain('Likes red')
    expect(await session.forget(facts[0]!.id)).toHaveLength(1)
    await expect(session.remember({ text: '' })).rejects.toMatchObject({
      code: 'invalid',
      path: 'facts[0].text',
    })
  })

  it('are drawn from what the user says, when that is wanted', async () => {
    const session = await service({ context: { extractFacts } }).for(alice).create()
    await session.append({ role: 'user', content: 'By the way, my name is Ada Lovelace.' })
    for (let batch = 0; batch < 5; batch++) await session.append(said(100))
    expect(shown(await session.context({ maxTokens: 600 }))).toContain('Ada Lovelace')
  })
})

describe('vectors', () => {
  it('find what means the same, and words do when they fail', async () => {
    const embed = async (texts: readonly string[]) =>
      texts.map((text) => (/dog|canine|Hund/.test(text) ? [1, 0.01] : [0.01, 1]))
    const broken = [
      () => Promise.reject(new Error('no model')),
      async () => 'vectors' as never,
      async () => [[NaN]],
    ]
    for (const failing of [undefined, ...broken]) {
      const warnings: string[] = []
      const session = await createSessions({
        onWarning: ({ code }) => warnings.push(code),
        context: { embed: failing ?? embed },
      })
        .for(alice)
        .create()
      await session.append({ role: 'user', content: 'Mein Hund Bruno schläft.' })
      for (let batch = 0; batch < 5; batch++) await session.append(said(100))
      const built = await session.context({ maxTokens: 500, query: 'Which canine?' })
      expect(shown(built).includes('Bruno')).toBe(failing === undefined)
      expect(new Set(warnings)).toEqual(new Set(failing === undefined ? [] : ['embed_failed']))
      if (failing === undefined) continue
      expect(shown(await session.context({ maxTokens: 500, query: 'Bruno' }))).toContain('Bruno')
    }
  })
})
