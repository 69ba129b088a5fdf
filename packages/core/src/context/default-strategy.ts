import { capped, compose, within } from './compose.js'
import { facts } from './facts.js'
import { relevance } from './relevance.js'
import type { ContextStrategy } from './strategy.js'
import { summarize } from './summary.js'
import { stableWindow } from './window.js'

// Beyond this, more quotes add next to nothing (see decisions/010), and the newest messages are worth more.
const mostRecall = 4000
// The newest messages get at least a tenth, so that a question is not torn from its surroundings.
const mostShare = 0.9
// Without a question of its own, a turn quotes little, and seldom: quotes are not cached.
const quietRecall = 1 / 8
const quietShare = 0.5

/**
 * What is used unasked: facts (a tenth), summaries (three twentieths), then everything when it fits. When it does not:
 * with a query, quotes of what has to do with it, up to nine tenths or 4,000 tokens, beside the newest messages;
 * without one, the newest messages from a boundary that rarely moves, and a few quotes of what the user's message names.
 */
export function defaultStrategy(): ContextStrategy {
  const history: ContextStrategy = {
    name: 'history',
    needs: ({ room, asked }) => ({ tokens: room, recall: asked ? mostRecall : room * quietRecall }),
    choose(situation) {
      const { room, asked } = situation
      const reserve = capped(asked ? { share: mostShare, tokens: mostRecall } : { share: quietRecall }, room)
      const window = stableWindow({ reserve })
      // A question may have what the window leaves free; a turn may not, or its quotes would crowd out the cache.
      const recall = asked
        ? within({ tokens: mostRecall }, relevance())
        : within({ tokens: reserve }, relevance({ minShare: quietShare }))
      return compose(window, recall).choose(situation)
    },
  }
  return {
    ...compose(within({ share: 0.1 }, facts()), within({ share: 0.15 }, summarize()), history),
    name: 'default',
  }
}
