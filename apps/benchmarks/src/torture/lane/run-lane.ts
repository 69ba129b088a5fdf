import type { Session } from '@sessions/core'
import { label, redact } from './change.js'
import { copy } from './copy.js'
import { expire, remove } from './end.js'
import { Lane, type LaneOptions } from './lane.js'
import { nowUs } from './recorder.js'
import { addShared, changeOwnLine, count, prefer } from './shop.js'
import { append, clash, read, repeat } from './talk.js'
import { fork, reset, rewind, switchBranch } from './turn-back.js'

type Action = (lane: Lane, session: Session) => Promise<void>

const actions = {
  append,
  repeat,
  clash,
  read,
  addShared,
  changeOwnLine,
  prefer,
  count,
  rewind,
  switchBranch,
  reset,
  fork,
  redact,
  label,
  copy,
  remove,
} satisfies Record<string, Action>

// How often each comes, in parts of about a hundred.
const weights: Record<keyof typeof actions | 'expire' | 'stale' | 'sweep', number> = {
  append: 28,
  repeat: 8,
  clash: 1,
  read: 10,
  addShared: 10,
  changeOwnLine: 10,
  prefer: 8,
  count: 10,
  rewind: 2,
  switchBranch: 1,
  reset: 0.3,
  fork: 0.5,
  redact: 2,
  label: 2,
  copy: 1,
  remove: 0.7,
  expire: 0.4,
  stale: 4,
  sweep: 0.3,
}

// Operations through a handle whose session is gone.
const lateActions = [append, addShared, count, prefer, rewind, redact, label, remove, read] as const

export interface RunLaneOptions extends LaneOptions {
  /** When to begin no more operations, by `nowUs`. */
  readonly untilUs: number
}

/** Does one operation after the other until the time is over. */
export async function runLane(options: RunLaneOptions): Promise<void> {
  const lane = new Lane(options)
  while (nowUs() < options.untilUs) await step(lane)
}

async function step(lane: Lane): Promise<void> {
  const name = lane.random.weighted(weights)
  if (name === 'expire') return expire(lane)
  if (name === 'sweep') return sweep(lane)
  if (name === 'stale') {
    if (lane.stale.length > 0) await lane.random.pick(lateActions)(lane, lane.random.pick(lane.stale))
    return
  }
  const session = await lane.session()
  if (session !== undefined) await actions[name](lane, session)
}

async function sweep(lane: Lane): Promise<void> {
  await lane.recorder.run(
    { tenantId: '', sessionId: '' },
    'always',
    () => lane.sessions.sweep({ limit: 50 }),
    () => ({ kind: 'sweep' }),
  )
}
