/** One life of one session: the same id deleted and made anew is another one. */
export interface Life {
  readonly tenantId: string
  readonly sessionId: string
  readonly incarnation: string
}

// Signs that no id of the torture run holds, and that JSON does not escape: a marker is found in any stored text.
const pattern = /«([^«»|]+)\|([^«»|]+)\|([^«»|]+)»/g

/** What everything written into a session carries, so that it is known again wherever it turns up. */
export function toMarker({ tenantId, sessionId, incarnation }: Life): string {
  return `«${tenantId}|${sessionId}|${incarnation}»`
}

/** The lives whose markers a text holds, in order. */
export function findMarkers(text: string): Life[] {
  return [...text.matchAll(pattern)].map(([, tenantId, sessionId, incarnation]) => ({
    tenantId: tenantId!,
    sessionId: sessionId!,
    incarnation: incarnation!,
  }))
}
