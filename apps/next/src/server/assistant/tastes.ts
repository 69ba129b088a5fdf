import type { JsonObject, JsonValue } from '@sessions/core'

/** The user's tastes, from the preferences. Other fields of the preferences are ignored. */
export interface Tastes {
  readonly name: string | undefined
  /** In cents. */
  readonly budget: number | undefined
  readonly likes: readonly string[]
  readonly dislikes: readonly string[]
}

export function tastes(preferences: JsonObject): Tastes {
  const { name, budget, likes, dislikes } = preferences
  return {
    name: typeof name === 'string' ? name : undefined,
    budget: typeof budget === 'number' && budget > 0 ? Math.round(budget * 100) : undefined,
    likes: textsIn(likes),
    dislikes: textsIn(dislikes),
  }
}

/** The texts of a list; other values are left out. */
export function textsIn(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
