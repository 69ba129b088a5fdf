import { capped, compose, costOf, within } from './compose.js'
import { facts } from './facts.js'
import { needsOf } from './needs.js'
import { relevance } from './relevance.js'
import { choosing, stepByStep } from './step-by-step.js'
import type { ContextChoice, ContextSituation, ContextStrategy } from './strategy.js'
import { summarize } from './summary.js'
import { stableWindow } from './window.js'

// Above this, more quotes add almost nothing (see decisions/010), and the newest messages are worth more.
const mostRecall = 4000
// The newest messages get at least a tenth, so that a question keeps its surroundings.
const mostShare = 0.9
// Without a `query`, a turn quotes little, and seldom: quotes are not cached.
const quietRecall = 1 / 8
const quietShare = 0.5
const summaryShare = 0.3

/**
 * The default strategy. It takes facts (a tenth), summaries (three tenths, and the rest in the end), then the whole
 * history when it fits. When it does not fit: with a query, quotes that match it, up to nine tenths or 4,000 tokens,
 * and the newest messages; without one, the newest messages from a boundary that rarely moves, and a few quotes of
 * what the user's message names.
 */
export function defaultStrategy(): ContextStrategy {
  const history = stepByStep({
    name: 'history',
    needs: ({ room, asked }) => ({ tokens: room, recall: asked ? mostRecall : room * quietRecall }),
    choosing(situation) {
      const { room, asked } = situation
      const reserve = capped(asked ? { share: mostShare, tokens: mostRecall } : { share: quietRecall }, room)
      const window = stableWindow({ reserve })
      // A query may use the room that the window leaves; a turn may not, or its quotes would reduce the cached part.
      const recall = asked
        ? within({ tokens: mostRecall }, relevance())
        : within({ tokens: reserve }, relevance({ minShare: quietShare }))
      return choosing(compose(window, recall), situation)
    },
  })
  const all = compose(within({ share: 0.1 }, facts()), within({ share: summaryShare }, summarize()), history)
  return stepByStep({
    name: 'default',
    needs: (situation) => needsOf(all, situation),
    *choosing(situation) {
      const choice = yield* choosing(all, situation)
      yield
      return withWholeSummaries(choice, situation)
    },
  })
}

/** The choice, with longer summaries when there is room left. */
function withWholeSummaries(choice: ContextChoice, situation: ContextSituation): ContextChoice {
  const { summaries = [] } = choice
  const wanted = situation.summaries
  if (wanted.every((summary) => summaries.includes(summary))) return choice
  const others = { ...choice, summaries: [] }
  const room = situation.room - costOf(others, situation)
  const isLeftOut =
    summaries.length > 0 ||
    !situation.isWhole ||
    (choice.history ?? []).length + situation.taken.size < situation.groups.length
  if (!isLeftOut) return choice
  const more = summarize().choose({ ...situation, taken: new Set(), isWhole: false, room })
  return costOf({ summaries: more.summaries ?? [] }, situation) > room ? choice : { ...others, ...more }
}
