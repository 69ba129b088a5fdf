import { SessionError } from '../errors.js'
import { cutPath, onPath } from './path.js'
import type { Branch, SeqRange, SessionBody } from './session-body.js'

const maxBranches = 50
const maxMachineBranches = 10

/** What leaving the active branch needs to know. */
export interface BranchDeparture {
  /** Names the branch that is left. */
  readonly branchId: string
  /** The newest message there is. */
  readonly lastSeq: number
  /** Epoch ms. */
  readonly at: number
  /** Left by a program, of which there are more than people would go through. */
  readonly byMachine?: boolean
}

/**
 * The body with its path cut to just after `toSeq`; the way it went is kept as a branch.
 *
 * @throws `invalid` when that message is not on the active branch.
 */
export function rewound(body: SessionBody, toSeq: number, leaving: BranchDeparture): SessionBody {
  if (toSeq !== 0 && (!onPath(body.path, toSeq) || toSeq > leaving.lastSeq)) {
    throw new SessionError('invalid', `Message ${toSeq} is not on the active branch.`, { path: 'toSeq' })
  }
  return leave(body, cutPath(body.path, toSeq), leaving)
}

/** The body on another of its branches; the one it was on takes that one's place. @throws `not_found` */
export function switched(body: SessionBody, branchId: string, leaving: BranchDeparture): SessionBody {
  const branch = body.branches.find((candidate) => candidate.id === branchId)
  if (branch === undefined) {
    throw new SessionError('not_found', 'There is no such branch.', { path: 'branchId' })
  }
  const branches = body.branches.filter((candidate) => candidate !== branch)
  return leave({ ...body, branches }, branch.path, leaving)
}

/** The body with its conversation gone and the rest as it was. */
export function cleared(before: SessionBody, throughSeq: number): SessionBody {
  const { turn: _, recentTurns: __, documentTurns: ___, answers: ____, ...kept } = before
  return { ...kept, path: [{ from: throughSeq + 1 }], branches: [], facts: [], summaries: [] }
}

/** The oldest message that a branch can show: what comes before it, nobody reaches any more. */
export function firstReachable({ path, branches }: Pick<SessionBody, 'path' | 'branches'>): number {
  return Math.min(...[path, ...branches.map((branch) => branch.path)].flat().map(({ from }) => from))
}

function leave(
  body: SessionBody,
  next: readonly SeqRange[],
  { branchId, lastSeq, at, byMachine = false }: BranchDeparture,
): SessionBody {
  const path = cutPath(body.path, lastSeq)
  const left: Branch = { id: branchId, path, leftAt: at, ...(byMachine ? { byMachine } : {}) }
  // A reply that is still to come belongs to where the conversation no longer is: its turn is the session's no more.
  const { turn: _, ...kept } = body
  return {
    ...kept,
    // What comes next goes on here.
    path: [...next, { from: lastSeq + 1 }],
    branches: newest([...body.branches, left]),
  }
}

/** Those of people and those of machines have room of their own: neither crowds out the other. */
function newest(branches: readonly Branch[]): Branch[] {
  let people = branches.filter(({ byMachine }) => byMachine !== true).length - maxBranches
  let machines = branches.filter(({ byMachine }) => byMachine === true).length - maxMachineBranches
  return branches.filter(({ byMachine }) => (byMachine === true ? machines-- <= 0 : people-- <= 0))
}
