import { describe, expect, it } from 'vitest'
import { createSessions } from '../../src/index.js'
import { alice } from '../service.js'
import { chatter, honest, missing, talk, told } from './small-talk.js'

// Says that something hangs: these are some hundred contexts. Longer talks: first-things.wide.test.ts.
describe('what was said first', { timeout: 300_000 }, () => {
  it.each([1500])('is told at every check by an honest summarizer, within %d tokens', async (budget) => {
    const context = { summarize: honest, compactAboveTokens: 1000 }
    expect(await talk(budget, context, 'each turn', true, 120)).toEqual([])
  })

  it.each([4000])('is told at every check by excerpts, within %d tokens', async (budget) => {
    expect(await talk(budget, { compactAboveTokens: 1000 }, 'each turn', true, 120)).toEqual([])
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
