import type { Life } from '../marker.js'
import type { Operation, OperationOf } from '../operation.js'

/** All operations of a run, by session and by incarnation. */
export class History {
  /** By incarnation, each in the order in which operations began. */
  readonly lives: ReadonlyMap<string, readonly Operation[]>
  /** Which operation gave a message id which text, and its outcome. */
  readonly writers: ReadonlyMap<string, readonly Writer[]>
  /** Ids of messages that may have been redacted, in any session: a fork shows what its source showed. */
  readonly redacted: ReadonlySet<string>

  constructor(operations: readonly Operation[]) {
    const ordered = [...operations].sort((a, b) => a.begin - b.begin)
    const writers = new Map<string, Writer[]>()
    for (const operation of ordered) {
      if (operation.kind !== 'append' && operation.kind !== 'clash') continue
      for (const { id, text } of operation.messages) put(writers, id, { operation, text })
    }
    this.writers = writers
    // A session may go between the steps of a redaction, which then finds none, and a fork may have been faster.
    const redactions = ordered.filter(
      (operation): operation is OperationOf<'redact'> =>
        operation.kind === 'redact' && (operation.outcome !== 'refused' || operation.absent === true),
    )
    this.redacted = new Set(redactions.map(({ messageId }) => messageId))
    this.lives = grouped(ordered, (operation) =>
      operation.incarnation === undefined ? undefined : lifeKey(operation as Operation & Life),
    )
  }

  of(life: Life): readonly Operation[] {
    return this.lives.get(lifeKey(life)) ?? []
  }
}

/** A text that was given to a message id. */
export interface Writer {
  readonly operation: OperationOf<'append'> | OperationOf<'clash'>
  readonly text: string
}

export function sessionKey({ tenantId, sessionId }: Pick<Life, 'tenantId' | 'sessionId'>): string {
  return `${tenantId}/${sessionId}`
}

export function lifeKey(life: Life): string {
  return `${sessionKey(life)}@${life.incarnation}`
}

/** The latest time when an operation was over: one with an unknown outcome may still be under way. */
export function latest(operation: Operation): number {
  return operation.outcome === 'unknown' ? Number.POSITIVE_INFINITY : operation.end
}

/** Operations of one kind that may have happened. */
export function happened<Kind extends Operation['kind']>(
  operations: readonly Operation[],
  kind: Kind,
): OperationOf<Kind>[] {
  return operations.filter(
    (operation): operation is OperationOf<Kind> => operation.kind === kind && operation.outcome !== 'refused',
  )
}

/** Operations of one kind that were acknowledged. */
export function acknowledged<Kind extends Operation['kind']>(
  operations: readonly Operation[],
  kind: Kind,
): OperationOf<Kind>[] {
  return happened(operations, kind).filter(({ outcome }) => outcome === 'acknowledged')
}

function grouped(
  operations: readonly Operation[],
  keyOf: (operation: Operation) => string | undefined,
): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>()
  for (const operation of operations) {
    const key = keyOf(operation)
    if (key !== undefined) put(groups, key, operation)
  }
  return groups
}

function put<T>(groups: Map<string, T[]>, key: string, value: T): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [value])
  else group.push(value)
}
