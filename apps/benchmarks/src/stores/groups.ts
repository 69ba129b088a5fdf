import type { Backend } from './contender.js'
import type { Operation } from './measure.js'

/** Contenders that are measured together, round by round. */
export interface Group {
  readonly backend: Backend
  readonly operation: Operation
  readonly clients: number
  readonly histories: readonly number[]
  readonly bars: readonly Bar[]
}

/** The ratio that the store must reach in a group. */
export interface Bar {
  readonly name: string
  readonly bar: number
  readonly ours: number
  /**
   * The history length of `raw`, or another length of the store itself: rates are compared. Of `sealed`, the store with
   * encryption in front of it: what the store takes of the processor, over what it takes then.
   */
  readonly against: { readonly raw: number } | { readonly ours: number } | { readonly sealed: number }
}

/** What a store takes of the processor, over what it takes with encryption. A commit to Redis takes so little by itself. */
const sealedBars: Readonly<Record<'redis' | 'postgres', Readonly<Record<Operation, number>>>> = {
  redis: { append: 0.55, read: 0.4 },
  postgres: { append: 0.67, read: 0.4 },
}

/** Round trips and bytes must not depend on this. A read of 20 messages needs more than 20 in the session. */
export const trafficHistories = { append: [10, 10_000], read: [100, 10_000] } as const

const backends: readonly Backend[] = ['memory', 'sqlite normal', 'sqlite full', 'redis', 'postgres']
const operations: readonly Operation[] = ['append', 'read']

/** All groups, or with `--quick` only those with a bar. */
export function toGroups(quick: boolean): Group[] {
  const groups = backends.flatMap((backend) =>
    operations.flatMap((operation) =>
      [1, 32].map((clients): Group => {
        const bars = barsOf(backend, operation, clients)
        const all = clients === 1 ? [0, 100, 1000, 5000] : [100, 5000]
        const needed = bars.flatMap(({ ours, against }) => [ours, ...Object.values(against)])
        return { backend, operation, clients, bars, histories: quick ? [...new Set(needed)] : all }
      }),
    ),
  )
  return quick ? groups.filter(({ bars }) => bars.length > 0) : groups
}

function barsOf(backend: Backend, operation: Operation, clients: number): Bar[] {
  if (backend === 'memory') return []
  const name = nameOf({ backend, operation, clients })
  if (clients === 1) {
    return [
      {
        name: `${name}: store over raw driver`,
        bar: isFile(backend) ? 0.8 : 0.9,
        ours: 100,
        against: { raw: 100 },
      },
      { name: `${name}: 5,000 messages over 100`, bar: 0.9, ours: 5000, against: { ours: 100 } },
      ...(backend !== 'redis' && backend !== 'postgres'
        ? []
        : [
            {
              name: `${name}: processor time of the store over that of the encrypted one`,
              bar: sealedBars[backend][operation],
              ours: 100,
              against: { sealed: 100 },
            },
          ]),
    ]
  }
  if (backend !== 'postgres' || operation !== 'append') return []
  return [
    { name: `${name}: store over uncoalesced raw statement`, bar: 1.5, ours: 100, against: { raw: 100 } },
  ]
}

/** Whether the sessions are in a file, which no network leads to. */
export function isFile(backend: Backend): boolean {
  return backend.startsWith('sqlite')
}

export function nameOf({
  backend,
  operation,
  clients,
}: Pick<Group, 'backend' | 'operation' | 'clients'>): string {
  return `${backend} ${operation}, ${clients} ${clients === 1 ? 'client' : 'clients'}`
}
