import { isJsonObject, type JsonObject, type Session } from '@sessions/core'

/**
 * Which products a shopper has looked at: analytics, so it is counted, and kept, only while the shopper allows that. The
 * counts are in the state of the session, and go with it.
 */
export async function countView(session: Session, sku: string): Promise<boolean> {
  if (!(await session.consent.allows('analytics'))) return false
  await session.state.update((state) => {
    const viewed = viewedIn(state)
    const before = Object.hasOwn(viewed, sku) ? Number(viewed[sku]) : 0
    return { ...state, viewed: { ...viewed, [sku]: before + 1 } }
  })
  if (await session.consent.allows('analytics')) return true
  // A withdrawal in between has looked for views before this one was there.
  await forgetViews(session)
  return false
}

/** Removes the counts. @returns How many views were counted. */
export async function forgetViews(session: Session): Promise<number> {
  let views = 0
  await session.state.update((state) => {
    views = Object.values(viewedIn(state)).reduce<number>((sum, count) => sum + Number(count), 0)
    const { viewed: _, ...others } = state
    return others
  })
  return views
}

/** How often each product was looked at, by sku. */
export function viewedIn({ viewed }: JsonObject): JsonObject {
  return isJsonObject(viewed) ? viewed : {}
}
