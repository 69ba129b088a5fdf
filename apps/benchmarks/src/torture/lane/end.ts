import type { Session } from '@sessions/core'
import { briefMs, type Lane, lifeOf, tenants } from './lane.js'
import { pause } from './recorder.js'
import { append, read } from './talk.js'

/** Deletes the session; half of the time it is created again at once, under the same id. */
export async function remove(lane: Lane, session: Session): Promise<void> {
  const { tenantId, id } = session
  const isFork = lane.forks.includes(session)
  const done = await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    () => session.delete().then(() => true),
    () => ({ kind: 'delete' }),
  )
  if (done === undefined) return
  lane.retire(session)
  if (!isFork && lane.random.chance(0.5)) await lane.create(tenantId, id)
}

/** A session of this lane alone that expires without writes, and is then used again through its old handle. */
export async function expire(lane: Lane): Promise<void> {
  const tenantId = lane.random.pick(tenants)
  // The same two ids again and again, so that each is created again after it expired.
  const sessionId = `brief-${lane.name}-${lane.briefs++ % 2}`
  const caller = lane.briefSessions.for({ tenantId, userId: 'shopper' })
  const session = await lane.recorder.run(
    { tenantId, sessionId },
    'always',
    () => caller.open(sessionId),
    (opened) => ({ kind: 'open', idleMs: briefMs, ...lifeOf(opened) }),
  )
  if (session === undefined) return
  await append(lane, session)
  if (lane.random.chance(0.5)) {
    // A write in between moves the deadline.
    await pause(briefMs / 2)
    await append(lane, session)
    await pause(briefMs / 2)
    await read(lane, session)
  }
  await pause(briefMs * 1.3)
  await append(lane, session)
  await read(lane, session)
}
