import { SessionError } from '../errors.js'
import { cutPath, onPath, pathWithout } from './path.js'
import type { Branch, SeqRange, SessionBody, Summary } from './session-body.js'

const maxBranches = 50
const maxMachineBranches = 10

/** What `leave` needs to know about the branch that it leaves. */
export interface BranchDeparture {
  /** The id of the branch that is left. */
  readonly branchId: string
  /** The seq of the newest message in the log. */
  readonly lastSeq: number
  /** Epoch ms. */
  readonly at: number
  /** True when a program left the branch: programs leave more branches than a person would look through. */
  readonly byMachine?: boolean
}

/** The summaries of the active branch: one that ends where the branch does not go tells of another branch. */
export function summariesOn({
  path,
  summaries,
}: Pick<SessionBody, 'path' | 'summaries'>): readonly Summary[] {
  return summaries.filter(({ to }) => onPath(path, to))
}

/**
 * The body with its path cut to just after `toSeq`; the old path is kept as a branch.
 *
 * @throws `invalid` when that message is not on the active branch.
 */
export function rewound(body: SessionBody, toSeq: number, leaving: BranchDeparture): SessionBody {
  if (toSeq !== 0 && (!onPath(body.path, toSeq) || toSeq > leaving.lastSeq)) {
    throw new SessionError('invalid', `Message ${toSeq} is not on the active branch.`, { path: 'toSeq' })
  }
  return leave(body, cutPath(body.path, toSeq), leaving)
}

/** The body on another of its branches; the branch it was on takes that one's place in the list. @throws `not_found` */
export function switched(body: SessionBody, branchId: string, leaving: BranchDeparture): SessionBody {
  const branch = body.branches.find((candidate) => candidate.id === branchId)
  if (branch === undefined) {
    throw new SessionError('not_found', 'There is no such branch.', { path: 'branchId' })
  }
  const branches = body.branches.filter((candidate) => candidate !== branch)
  return leave({ ...body, branches }, branch.path, leaving)
}

/** The body without its conversation; everything else stays. */
export function cleared(before: SessionBody, throughSeq: number): SessionBody {
  const { turn: _, recentTurns: __, documentTurns: ___, answers: ____, stats: _____, ...kept } = before
  return { ...kept, path: [{ from: throughSeq + 1 }], branches: [], facts: [], summaries: [] }
}

/** The body without the messages up to one, and without what was made of them; a turn that runs goes on. */
export function expired(before: SessionBody, throughSeq: number): SessionBody {
  const { recentTurns, documentTurns, answers: _, stats: __, ...kept } = before
  const isLeft = ({ after }: { readonly after: number }): boolean => after >= throughSeq
  const turns = recentTurns?.filter(isLeft) ?? []
  const documents = documentTurns?.filter(isLeft) ?? []
  return {
    ...kept,
    ...(turns.length === 0 ? {} : { recentTurns: turns }),
    ...(documents.length === 0 ? {} : { documentTurns: documents }),
    path: pathWithout(before.path, 1, throughSeq),
    branches: before.branches
      .map((branch) => ({ ...branch, path: pathWithout(branch.path, 1, throughSeq) }))
      .filter(({ path }) => path.length > 0),
    facts: before.facts.filter(({ seq = Infinity }) => seq > throughSeq),
    summaries: before.summaries.filter(({ from }) => from > throughSeq),
  }
}

/** The seq of the oldest message that any branch can show: no caller can reach the messages before it. */
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
  // A running turn belongs to the branch that is left, so it loses its right to write.
  const { turn: _, ...kept } = body
  return {
    ...kept,
    // New messages continue here.
    path: [...next, { from: lastSeq + 1 }],
    branches: newest([...body.branches, left]),
  }
}

/** Branches of people and branches of programs have separate limits, so that neither crowds out the other. */
function newest(branches: readonly Branch[]): Branch[] {
  let people = branches.filter(({ byMachine }) => byMachine !== true).length - maxBranches
  let machines = branches.filter(({ byMachine }) => byMachine === true).length - maxMachineBranches
  return branches.filter(({ byMachine }) => (byMachine === true ? machines-- <= 0 : people-- <= 0))
}
