import type { Session } from '@sessions/core'
import { type Lane, lifeOf } from './lane.js'
import { append, textOf } from './talk.js'
import { remove } from './end.js'

const maxForks = 2

/** Takes the conversation back, mostly far, so that paths stay short. */
export async function rewind(lane: Lane, session: Session): Promise<void> {
  const seqs = await activeSeqs(session)
  const toSeq = lane.random.chance(0.5) ? 0 : (seqs[lane.random.int(0, Math.min(seqs.length - 1, 5))] ?? 0)
  await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    () => session.rewind(toSeq),
    () => ({ kind: 'rewind' }),
  )
}

async function activeSeqs(session: Session): Promise<number[]> {
  try {
    return (await session.history({ after: 0, limit: 20 })).messages.map(({ seq }) => seq)
  } catch {
    // A read only, to choose a place.
    return []
  }
}

export async function switchBranch(lane: Lane, session: Session): Promise<void> {
  await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    async () => {
      const branch = (await session.branches()).at(-1)
      if (branch !== undefined) await session.switchBranch(branch.id)
    },
    () => ({ kind: 'switch' }),
  )
}

export async function reset(lane: Lane, session: Session): Promise<void> {
  await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    () => session.reset(),
    () => ({ kind: 'reset' }),
  )
}

/** Copies the session under a new id, writes into the copy, and lets another tenant ask for it. */
export async function fork(lane: Lane, session: Session): Promise<void> {
  const { tenantId, id: source } = session
  const caller = lane.callerOf(tenantId)
  const copy = await lane.recorder.run(
    { tenantId, sessionId: `fork of ${source}` },
    'never',
    async () => {
      const copy = await caller.fork(session)
      const messages = await copy.allMessages().catch(() => [])
      return { copy, messages: messages.map((message) => ({ id: message.id, text: textOf(message) })) }
    },
    (made) => ({
      kind: 'fork',
      source,
      ...(made === undefined ? {} : { ...lifeOf(made.copy), messages: made.messages }),
    }),
  )
  if (copy === undefined) return
  lane.forks.push(copy.copy)
  await append(lane, copy.copy)
  await trespass(lane, copy.copy)
  if (lane.forks.length > maxForks) await remove(lane, lane.forks.shift()!)
}

async function trespass(lane: Lane, session: Session): Promise<void> {
  const stranger = lane.callerOf(lane.otherTenant(session.tenantId))
  await lane.recorder.run(
    { tenantId: session.tenantId, sessionId: session.id },
    'always',
    () => stranger.find(session.id).then((found) => found !== undefined),
    (found) => ({ kind: 'trespass', ...(found === undefined ? {} : { found }) }),
  )
}
