import type { Message, Session } from '@sessions/core'
import { findMarkers, type Life, toMarker } from '../marker.js'
import type { LoggedMessage } from '../operation.js'
import { type Lane, lifeOf } from './lane.js'

// Characters that encodings often get wrong; JSON carries all of them.
const uglyTexts = [
  '',
  'plain',
  'zwölf €',
  '👩‍🚀',
  '"quoted\\"',
  'NUL \u0000',
  'half \ud83d',
  '\u2028{}[]',
  '%_*?',
  '\x1e\x1f',
]

/** Appends one message, or two as one. */
export async function append(lane: Lane, session: Session): Promise<void> {
  const life = lifeOf(session)
  const name = lane.recorder.next()
  const count = lane.random.chance(0.2) ? 2 : 1
  const messages = Array.from({ length: count }, (_, index) => ({
    id: `${name}.${index}`,
    text: `${toMarker(life)} ${name}.${index} ${lane.random.pick(uglyTexts)} ${'x'.repeat(lane.random.int(0, 200))}`,
  }))
  lane.remember({ life, messages })
  await send(lane, session, messages)
}

/** Sends earlier messages again: by their ids they are stored once. */
export async function repeat(lane: Lane, session: Session): Promise<void> {
  const { incarnation } = session.record
  const known = lane.sent.filter(({ life }) => life.incarnation === incarnation)
  if (known.length === 0) return append(lane, session)
  await send(lane, session, lane.random.pick(known).messages)
}

async function send(lane: Lane, session: Session, messages: readonly LoggedMessage[]): Promise<void> {
  const inputs = messages.map(({ id, text }) => ({ id, role: 'user' as const, content: text }))
  await lane.recorder.run(
    lifeOf(session),
    'always',
    () => session.append(inputs),
    (appended) => ({
      kind: 'append',
      messages,
      ...(appended === undefined ? {} : { places: appended.map(({ seq, inserted }) => ({ seq, inserted })) }),
    }),
  )
}

/** Sends a known id with another text. */
export async function clash(lane: Lane, session: Session): Promise<void> {
  const { incarnation } = session.record
  const known = lane.sent.findLast(({ life }) => life.incarnation === incarnation)
  if (known === undefined) return append(lane, session)
  const { id } = known.messages[0]!
  const text = `${toMarker(known.life)} ${lane.recorder.next()} another text under a taken id`
  await lane.recorder.run(
    lifeOf(session),
    'always',
    () => session.append({ id, role: 'user', content: text }),
    () => ({ kind: 'clash', messages: [{ id, text }] }),
  )
}

/** Reads everything that a caller can see, and looks for data of other sessions. */
export async function read(lane: Lane, session: Session): Promise<void> {
  const life = lifeOf(session)
  await lane.recorder.run(
    life,
    'always',
    async () => {
      const { messages } = await session.history({ branch: 'all', limit: 30 })
      const { lastSeq } = session.record
      const seen = [
        messages,
        await session.cart.get(),
        await session.preferences.get(),
        await session.state.get(),
      ]
      return { lastSeq, foreign: foreignIn(JSON.stringify(seen), life) }
    },
    (seen) => ({
      kind: 'read',
      foreign: seen?.foreign ?? [],
      ...(lane.readAgeMs === 0 ? {} : { ageUs: lane.readAgeMs * 1000 }),
      ...(seen === undefined ? {} : { lastSeq: seen.lastSeq }),
    }),
  )
}

function foreignIn(text: string, { tenantId, sessionId, incarnation }: Life): string[] {
  return findMarkers(text)
    .filter((marker) => {
      const isOurs = marker.tenantId === tenantId && marker.sessionId === sessionId
      return !isOurs || marker.incarnation !== incarnation
    })
    .map(toMarker)
}

/** The text of a message that a lane wrote. */
export function textOf({ content }: Pick<Message, 'content'>): string {
  return typeof content === 'string' ? content : JSON.stringify(content)
}
