/** One incarnation of one session: the same id, deleted and created again, is another one. */
export interface Life {
  readonly tenantId: string
  readonly sessionId: string
  readonly incarnation: string
}

// Characters that no id of the torture run contains, and that JSON does not escape: so a marker is found in any stored
// text.
const pattern = /«([^«»|]+)\|([^«»|]+)\|([^«»|]+)»/g

/** The marker in everything that is written into a session, so that its origin is known wherever it appears. */
export function toMarker({ tenantId, sessionId, incarnation }: Life): string {
  return `«${tenantId}|${sessionId}|${incarnation}»`
}

/** The incarnations whose markers a text contains, in order. */
export function findMarkers(text: string): Life[] {
  return [...text.matchAll(pattern)].map(([, tenantId, sessionId, incarnation]) => ({
    tenantId: tenantId!,
    sessionId: sessionId!,
    incarnation: incarnation!,
  }))
}
