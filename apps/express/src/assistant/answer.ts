import { categories } from '../catalogue/catalogue.js'
import { plural } from '../catalogue/words.js'
import { answerCart } from './answer-cart.js'
import { answerPreferences } from './answer-preferences.js'
import { answerCompare, answerDetail } from './answer-products.js'
import { answerSearch } from './answer-search.js'
import type { Intent, RecallIntent } from './intent.js'
import type { Outcome, Situation } from './outcome.js'
import { sayList, sayPreferences } from './preferences.js'

const hints = `You can ask for products (“phones with a good camera under 600”), follow up (“something cheaper”, “only Samsung”, “compare the first two”), tell me what you like (“my budget is 500 to 1000”), use the cart (“add the second one”, “how much is it all”, “checkout”), or ask what was said (“what did I ask first?”).`

/**
 * The outcome of a question. Pure: it reads the situation and changes nothing. Recall needs the log, so it is
 * separate.
 */
export function answer(intent: Exclude<Intent, RecallIntent>, situation: Situation): Outcome {
  switch (intent.type) {
    case 'greet': {
      const known = sayPreferences(situation.preferences)
      const kinds = sayList(categories.slice(0, 5).map(plural))
      return {
        say:
          known === undefined
            ? `Hello! I can help you find ${kinds} and more. What are you looking for?`
            : `Hello again! I remember that ${known}. What are you looking for today?`,
      }
    }
    case 'thanks':
      return { say: 'You are welcome. Is there anything else you are looking for?' }
    case 'bye':
      return { say: 'Goodbye! Your cart and our conversation stay as they are.' }
    case 'help':
      return { say: hints }
    case 'unknown':
      return { say: `I did not understand that. ${hints}` }
    case 'preferences':
    case 'forget':
    case 'remember':
      return answerPreferences(intent, situation)
    case 'search':
      return answerSearch(intent, situation)
    case 'detail':
      return answerDetail(intent, situation)
    case 'compare':
      return answerCompare(intent, situation)
    default:
      return answerCart(intent, situation)
  }
}
