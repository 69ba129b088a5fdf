import { parseText } from '../parse.js'
import type { LiveSession, SessionSnapshot } from '../service/live-session.js'

/** A credential of the current generation. */
export async function currentCredential(live: LiveSession): Promise<string> {
  return signCredential(live, await live.load())
}

/** Voids every earlier credential, and makes a new one. */
export async function rotateCredential(live: LiveSession): Promise<string> {
  const seen = await live.update((before) => ({ ...before, generation: before.generation + 1 }))
  live.holds(seen.body.generation)
  live.emit('credential.rotated', seen.record, { generation: seen.body.generation })
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
