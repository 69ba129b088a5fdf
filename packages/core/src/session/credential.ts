import { parseText } from '../parse.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'

/** A credential of the current generation. @throws `not_found` when the one of the handle was replaced */
export async function currentCredential(live: LiveSession): Promise<string> {
  const seen = await live.load()
  live.checkHeld(seen)
  return signCredential(live, seen)
}

/** A name for a session that reveals nothing about it. */
export async function pseudonymFor({ service, ref, record }: LiveSession, purpose: string): Promise<string> {
  const about = parseText(purpose, 'purpose')
  const digests = await service.credentials.digests(about, ref.tenantId, ref.id, record.incarnation)
  return digests[0]!
}

/** The credential of the generation that was seen. */
export function signCredential(
  { service, ref }: LiveSession,
  { record, body }: SessionSnapshot,
): Promise<string> {
  const { generation } = body
  return service.credentials.sign({ ref, incarnation: record.incarnation, generation })
}
