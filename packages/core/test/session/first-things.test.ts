import { describe, expect, it } from 'vitest'
import type { BuiltContext } from '../../src/context.js'
import { createSessions, type Session, textOf } from '../../src/index.js'
import type { ContextSettings } from '../../src/index.js'
import { alice } from '../service.js'

/** What is said in the first five turns, and what must be in every context from then on. */
const told = [
  ['Hello there! My name is Ada Lovelace, by the way.', 'Ada Lovelace'],
  ['I must not eat any walnuts, I am allergic to them.', 'walnuts'],
  ['Before I forget it: the code of my locker at the station is 48213.', '48213'],
  ['We fly to Reykjavik on the ninth of May.', 'Reykjavik'],
  ['My sister Philippa pays for all of it.', 'Philippa'],
] as const
const subjects =
  'weather trains cheese novels football gardens painting rivers taxes bicycles clouds bread'.split(' ')

/** A turn of small talk that has nothing to do with it. */
const chatter = (turn: number) => [
  `What do you think of ${subjects[turn % subjects.length]} these days, say in part ${turn} of the country? I read about it.`,
  `Opinions on ${subjects[turn % subjects.length]} differ a lot. Some say it was better in the past, others wait for more of it; I would look at it in more detail first.`,
]

/** Keeps what it is told of the user, as a good model would; forgets the small talk. */
const honest: NonNullable<ContextSettings['summarize']> = ({ messages, replaces }) => {
  const said = [
    ...replaces.flatMap(({ text }) => text.split('\n')),
    ...messages.filter(({ role }) => role === 'user').map(textOf),
  ]
  const kept = said.filter((line) => told.some(([, needle]) => line.includes(needle)))
  return [...kept, 'They also spoke of this and that.'].join('\n')
}

const missing = ({ messages }: BuiltContext): string[] =>
  told
    .map(([, needle]) => needle)
    .filter((needle) => !messages.some((message) => textOf(message).includes(needle)))

/** Talks for 300 turns, and looks at each 15th what of the beginning is not in the context. */
async function talk(
  budget: number,
  context: ContextSettings,
  asks: 'each turn' | 'at checks',
  waits: boolean,
) {
  const sessions = createSessions({ context })
  const session: Session = await sessions.for(alice).create()
  const lost: string[] = []
  for (let turn = 0; turn < 300; turn++) {
    const [question, answer] = chatter(turn)
    await session.append({ role: 'user', content: told[turn]?.[0] ?? question! })
    const isCheck = turn % 15 === 14
    if (isCheck || asks === 'each turn') {
      const built = await session.context({ maxTokens: budget })
      expect(built.tokens).toBeLessThanOrEqual(budget)
      if (isCheck) for (const needle of missing(built)) lost.push(`turn ${turn}: ${needle}`)
      if (waits) await sessions.settled()
    }
    await session.append({ role: 'assistant', content: answer! })
  }
  await sessions.settled()
  return lost
}

// Says that something hangs: these are some thousand contexts.
describe('what was said first', { timeout: 300_000 }, () => {
  it.each([1000, 1500, 2000, 3000, 4000, 8000])(
    'is told at every check by an honest summarizer, within %d tokens',
    async (budget) => {
      expect(await talk(budget, { summarize: honest, compactAboveTokens: 1000 }, 'each turn', true)).toEqual(
        [],
      )
    },
  )

  it.each([2000, 4000, 8000])('is told at every check by excerpts, within %d tokens', async (budget) => {
    expect(await talk(budget, { compactAboveTokens: 1000 }, 'each turn', true)).toEqual([])
  })

  it.each([1000, 2000, 4000])(
    'is told when contexts are rare, nobody waits, and the summarizer fails half of the time, within %d tokens',
    async (budget) => {
      let calls = 0
      const moody: typeof honest = (plan) => {
        if (calls++ % 2 === 1) throw new Error('no model')
        return honest(plan)
      }
      const lost = await talk(
        budget,
        { summarize: moody, compactAboveTokens: 20_000, summaries: { keepTokens: 2000 } },
        'at checks',
        false,
      )
      expect(lost).toEqual([])
    },
  )

  it('is told with budgets that change from turn to turn', async () => {
    const sessions = createSessions({ context: { summarize: honest, compactAboveTokens: 1000 } })
    const session = await sessions.for(alice).create()
    for (let turn = 0; turn < 150; turn++) {
      const [question, answer] = chatter(turn)
      await session.append([
        { role: 'user', content: told[turn]?.[0] ?? question! },
        { role: 'assistant', content: answer! },
      ])
      const built = await session.context({ maxTokens: [8000, 1000, 3000, 1500][turn % 4]! })
      await sessions.settled()
      if (turn > 4) expect(missing(built)).toEqual([])
    }
  })
})
