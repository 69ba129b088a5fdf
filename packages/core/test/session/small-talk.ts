import { expect } from 'vitest'
import type { BuiltContext } from '../../src/context.js'
import { type ContextSettings, createSessions, type Session, textOf } from '../../src/index.js'
import { alice } from '../service.js'

/** What is said in the first five turns, and what must be in every context from then on. */
export const told = [
  ['Hello there! My name is Ada Lovelace, by the way.', 'Ada Lovelace'],
  ['I must not eat any walnuts, I am allergic to them.', 'walnuts'],
  ['Before I forget it: the code of my locker at the station is 48213.', '48213'],
  ['We fly to Reykjavik on the ninth of May.', 'Reykjavik'],
  ['My sister Philippa pays for all of it.', 'Philippa'],
] as const
const subjects =
  'weather trains cheese novels football gardens painting rivers taxes bicycles clouds bread'.split(' ')

/** A turn of small talk that has nothing to do with it. */
export const chatter = (turn: number) => [
  `What do you think of ${subjects[turn % subjects.length]} these days, say in part ${turn} of the country? I read about it.`,
  `Opinions on ${subjects[turn % subjects.length]} differ a lot. Some say it was better in the past, others wait for more of it; I would look at it in more detail first.`,
]

/** Keeps what it is told of the user, as a good model would; forgets the small talk. */
export const honest: NonNullable<ContextSettings['summarize']> = ({ messages, replaces }) => {
  const said = [
    ...replaces.flatMap(({ text }) => text.split('\n')),
    ...messages.filter(({ role }) => role === 'user').map(textOf),
  ]
  const kept = said.filter((line) => told.some(([, needle]) => line.includes(needle)))
  return [...kept, 'They also spoke of this and that.'].join('\n')
}

export const missing = ({ messages }: BuiltContext): string[] =>
  told
    .map(([, needle]) => needle)
    .filter((needle) => !messages.some((message) => textOf(message).includes(needle)))

/** Talks for some turns (default 300), and looks at each 15th what of the beginning is not in the context. */
export async function talk(
  budget: number,
  context: ContextSettings,
  asks: 'each turn' | 'at checks',
  waits: boolean,
  turns = 300,
) {
  const sessions = createSessions({ context })
  const session: Session = await sessions.for(alice).create()
  const lost: string[] = []
  for (let turn = 0; turn < turns; turn++) {
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
