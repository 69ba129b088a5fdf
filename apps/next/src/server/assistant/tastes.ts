import type { JsonObject, JsonValue } from '@sessions/core'

/** What a session knows of its user's likes. Whatever else somebody has put among the preferences is left alone. */
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

/** The texts of a list; nothing of anything else. */
export function textsIn(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
