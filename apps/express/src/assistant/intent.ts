import type { Filters } from '../catalogue/search.js'
import type { PriceRange } from './prices.js'
import type { Target } from './targets.js'

/** What a shopper wants, as far as the assistant understands it. */
export type Intent =
  | { type: 'greet' | 'thanks' | 'bye' | 'help' | 'unknown' }
  | RecallIntent
  | PreferenceIntent
  | CartIntent
  | SearchIntent
  | { type: 'detail'; target: Target; /** A feature that was asked for. */ feature?: string }
  | { type: 'compare'; target: Target }

/** Asks about the conversation itself. */
export type RecallIntent =
  | { type: 'recall'; what: 'question'; /** 1 is the first; -1 the one before this. */ place: number }
  | { type: 'recall'; what: 'answer'; place: number }
  | { type: 'recall'; what: 'questions' | 'count' }

export type PreferenceIntent =
  | { type: 'preferences' }
  | { type: 'forget'; keys: readonly string[] }
  | {
      type: 'remember'
      budget?: PriceRange
      likes?: readonly string[]
      dislikes?: readonly string[]
      next?: SearchIntent
    }

export type CartIntent =
  | { type: 'cart' | 'cart-total' | 'cart-clear' | 'checkout' | 'orders' }
  | { type: 'cart-add'; target: Target; quantity: number }
  | { type: 'cart-remove'; target: Target }
  | { type: 'cart-quantity'; target: Target; quantity: number }

export interface SearchIntent {
  type: 'search'
  /** What to look for. */
  filters: Filters
  /** What the text alone names, for when following up on the last search finds nothing. */
  alone: Filters
  /** How it relates to the last search. */
  change?: 'cheaper' | 'dearer' | 'better' | 'more'
  /** Words that the catalogue does not know. */
  unknown: readonly string[]
}
