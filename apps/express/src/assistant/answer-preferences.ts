import { categories } from '../catalogue/catalogue.js'
import { plural } from '../catalogue/words.js'
import { answerSearch } from './answer-search.js'
import type { PreferenceIntent } from './intent.js'
import type { Outcome, Situation } from './outcome.js'
import { sayList, sayPreferences, sayRange, writeBudget } from './preferences.js'

/** Shows, stores and removes the shopper's preferences. */
export function answerPreferences(intent: PreferenceIntent, situation: Situation): Outcome {
  const { preferences } = situation
  if (intent.type === 'preferences') {
    const known = sayPreferences(preferences)
    return {
      say:
        known === undefined
          ? 'I know nothing of you yet. You could say “my budget is 500 to 1000” or “I like Sony”.'
          : `As far as I know, ${known}.`,
    }
  }
  if (intent.type === 'forget') {
    return {
      say: 'Forgotten.',
      preferences: Object.fromEntries(intent.keys.map((key) => [key, null])),
    }
  }
  const { budget = preferences.budget, likes = [], dislikes = [], next } = intent
  const brands = [...new Set([...preferences.brands, ...likes])].filter((brand) => !dislikes.includes(brand))
  const avoided = [...new Set([...preferences.avoided, ...dislikes])].filter(
    (brand) => !likes.includes(brand),
  )
  const learned = [
    intent.budget === undefined ? [] : [`your budget is ${sayRange(intent.budget)}`],
    likes.length === 0 ? [] : [`you like ${sayList(likes)}`],
    dislikes.length === 0 ? [] : [`you would rather not have ${sayList(dislikes, 'or')}`],
  ].flat()
  const patch = {
    ...(intent.budget === undefined ? {} : { budget_range: writeBudget(intent.budget) }),
    ...(likes.length + dislikes.length === 0
      ? {}
      : { preferred_brands: brands, avoided_brands: avoided.length === 0 ? null : avoided }),
  }
  const noted = `I will remember that ${sayList(learned)}.`
  const category = next?.filters.category ?? preferences.category
  if (next === undefined || category === undefined) {
    const kinds = sayList(categories.slice(0, 4).map(plural), 'or')
    return { say: `${noted} What are you looking for: ${kinds}, or something else?`, preferences: patch }
  }
  const now = { ...situation, preferences: { ...preferences, budget, brands, avoided } }
  const found = answerSearch(next, now)
  return { ...found, say: `${noted} ${found.say as string}`, preferences: patch }
}
