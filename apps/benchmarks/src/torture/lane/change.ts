import type { Session } from '@sessions/core'
import { type Lane, lifeOf } from './lane.js'
import { append } from './talk.js'

/** What sessions are labelled with. */
export const labels = ['browsing', 'buying'] as const

/** Redacts a message that this lane has written. */
export async function redact(lane: Lane, session: Session): Promise<void> {
  const place = await ownMessage(lane, session)
  if (place === undefined) return append(lane, session)
  await lane.recorder.run(
    lifeOf(session),
    'always',
    () => session.redact(place.seq),
    () => ({ kind: 'redact', ...place }),
  )
}

async function ownMessage(
  lane: Lane,
  session: Session,
): Promise<{ seq: number; messageId: string } | undefined> {
  try {
    const { messages } = await session.history({ branch: 'all', limit: 30 })
    const own = messages.filter(({ id }) => id.startsWith(`${lane.name}.`))
    if (own.length === 0) return undefined
    const { seq, id } = lane.random.pick(own)
    return { seq, messageId: id }
  } catch {
    // A read only, to choose a message.
    return undefined
  }
}

/** Gives the session another label, so that it moves from one list to another. */
export async function label(lane: Lane, session: Session): Promise<void> {
  await lane.recorder.run(
    lifeOf(session),
    'always',
    () => session.edit({ label: lane.random.pick(labels) }),
    () => ({ kind: 'label' }),
  )
}
