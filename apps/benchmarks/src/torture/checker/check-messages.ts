import { findMarkers } from '../marker.js'
import type { OperationOf } from '../operation.js'
import type { Snapshot, SnapshotMessage } from '../snapshot.js'
import { named } from './check-life.js'
import { redactedText } from './check-redactions.js'
import type { Report } from './finding.js'
import { acknowledged, happened, type History, latest } from './history.js'

type Append = OperationOf<'append'>

/** Whether a session holds every acknowledged message, once, word for word, and no other message. */
export function checkMessages(snapshot: Snapshot, history: History, report: Report): void {
  checkPlaces(snapshot, report)
  const byId = new Map<string, SnapshotMessage>()
  const byText = new Map<string, SnapshotMessage>()
  const copies = new Map<string, number[]>()
  checkShown(snapshot, report)
  for (const message of snapshot.messages) {
    if (message.copyOf !== undefined) {
      checkCopy(message, snapshot, history, report)
      copies.set(message.copyOf, [...(copies.get(message.copyOf) ?? []), message.seq])
      continue
    }
    const isRedacted = message.text === redactedText
    const twin = byId.get(message.id) ?? (isRedacted ? undefined : byText.get(message.text ?? ''))
    if (twin !== undefined)
      report('doubled', `message ${message.id} stands at ${twin.seq} and at ${message.seq}`)
    byId.set(message.id, message)
    if (message.text !== undefined) byText.set(message.text, message)
    checkOrigin(message, history, report)
  }
  const operations = history.of(snapshot)
  const seen = Math.max(0, ...acknowledged(operations, 'read').map(({ lastSeq = 0 }) => lastSeq))
  if (seen > snapshot.lastSeq) report('lost', `seq ${seen} was read, and the last one is ${snapshot.lastSeq}`)
  const resets = happened(operations, 'reset')
  for (const append of happened(operations, 'append')) {
    // A reset drops the earlier messages, and with them their ids.
    const isReset = resets.some((reset) => latest(reset) >= append.begin)
    if (append.outcome === 'acknowledged')
      checkKept(append, byId, { copies, trimmedSeq: snapshot.trimmedSeq, isReset, history }, report)
    const found = append.messages.filter(({ id }) => byId.has(id))
    if (found.length > 0 && found.length < append.messages.length && !isReset) {
      report('lost', `${named(append)} stored ${found.length} of its ${append.messages.length} messages`)
    }
  }
  for (const fork of acknowledged(operations, 'fork')) {
    for (const { id, text } of fork.messages ?? []) {
      if (byId.get(id)?.text !== text)
        report('lost', `message ${id} was copied by ${named(fork)} and is not there`)
    }
  }
}

/** Every seq after the trimmed ones, each once. */
function checkPlaces({ messages, trimmedSeq, lastSeq, active }: Snapshot, report: Report): void {
  const seqs = new Set<number>()
  for (const { seq, id } of messages) {
    if (seqs.has(seq)) report('doubled', `seq ${seq} was given twice, also to ${id}`)
    if (seq <= trimmedSeq || seq > lastSeq) {
      report('disordered', `message ${id} stands at ${seq}, outside of ${trimmedSeq + 1} to ${lastSeq}`)
    }
    seqs.add(seq)
  }
  for (let seq = trimmedSeq + 1; seq <= lastSeq; seq++) {
    if (!seqs.has(seq)) report('lost', `there is no message at ${seq}, of ${trimmedSeq + 1} to ${lastSeq}`)
  }
  for (const [index, seq] of active.entries()) {
    if (index > 0 && seq <= active[index - 1]!)
      report('disordered', `the active branch shows ${seq} out of turn`)
    if (!seqs.has(seq)) report('disordered', `the active branch shows ${seq}, which is not there`)
  }
}

/** The messages of the active branch, each id once. */
function checkShown({ messages, active }: Snapshot, report: Report): void {
  const shown = new Map<string, number>()
  const idAt = new Map(messages.map(({ seq, id, copyOf }) => [seq, copyOf ?? id]))
  for (const seq of active) {
    const id = idAt.get(seq)
    if (id === undefined) continue
    const before = shown.get(id)
    if (before !== undefined) report('doubled', `the active branch shows ${id} at ${before} and at ${seq}`)
    shown.set(id, seq)
  }
}

/** A message that was put on a branch again: only after a caller left the branch it was on. */
function checkCopy(copy: SnapshotMessage, snapshot: Snapshot, history: History, report: Report): void {
  const { copyOf: id, seq, text } = copy
  const operations = history.of(snapshot)
  // Until a reset has dropped a message, it is in the log, and on no branch that is shown.
  if (!(['rewind', 'switch', 'reset'] as const).some((kind) => happened(operations, kind).length > 0)) {
    report('doubled', `message ${id} was put again at ${seq}, and nobody had left a branch`)
  }
  const original = snapshot.messages.find((message) => message.id === id)
  if (original === undefined && seq > snapshot.trimmedSeq && snapshot.trimmedSeq === 0) {
    report('doubled', `message ${id} was put again at ${seq}, and was never there`)
  } else if (original !== undefined && original.text !== text && !history.redacted.has(id!)) {
    report('lost', `message ${id} at ${seq} is not what was written`)
  }
  const writers = history.writers.get(id!)
  if (writers?.some((writer) => writer.text === text) !== true && !isRedaction(text, id!, history)) {
    report('doubled', `message ${id} at ${seq} was written by nobody`)
  }
}

/** Which caller wrote it, and whether it was meant for this incarnation of this session. */
function checkOrigin(message: SnapshotMessage, history: History, report: Report): void {
  const { id, seq, text, payload } = message
  if (text === undefined) {
    report('lost', `message ${id} at ${seq} cannot be read`)
    return
  }
  const writers = history.writers.get(id)
  if (writers === undefined) {
    const stray = findMarkers(payload).length === 0 ? 'and carries no marker' : ''
    report('doubled', `message ${id} at ${seq} was written by nobody ${stray}`)
    return
  }
  const meant = writers.filter((writer) => writer.text === text)
  if (meant.length === 0) {
    if (isRedaction(text, id, history)) return
    report('lost', `message ${id} at ${seq} is not what was written`)
  } else if (meant.every(({ operation }) => operation.outcome === 'refused' && operation.absent !== true)) {
    // An operation that found the session gone may have had an earlier try that found it, and a caller may have copied
    // it since.
    report('doubled', `message ${id} at ${seq} is there though ${named(meant[0]!.operation)} was refused`)
  }
}

function isRedaction(text: string | undefined, id: string, { redacted }: History): boolean {
  return text === redactedText && redacted.has(id)
}

function checkKept(
  append: Append,
  byId: ReadonlyMap<string, SnapshotMessage>,
  {
    copies,
    trimmedSeq,
    isReset,
    history,
  }: {
    copies: ReadonlyMap<string, readonly number[]>
    trimmedSeq: number
    isReset: boolean
    history: History
  },
  report: Report,
): void {
  for (const [index, { id, text }] of append.messages.entries()) {
    const seq = append.places?.[index]?.seq
    const found = byId.get(id)
    if (found === undefined) {
      const isTrimmed = isReset && (seq === undefined || seq <= trimmedSeq)
      // A reset may have dropped it, and kept the copy that a later append has put in its place.
      const isCopied = isReset && seq !== undefined && copies.get(id)?.includes(seq) === true
      if (!isTrimmed && !isCopied)
        report('lost', `message ${id} of ${named(append)} was acknowledged at ${seq}`)
    } else if (isReset) {
      // It may have been dropped and then stored again by a retry.
    } else if (found.text !== text && !isRedaction(found.text, id, history)) {
      report('lost', `message ${id} of ${named(append)} has another text`)
    } else if (seq !== undefined && found.seq !== seq && copies.get(id)?.includes(seq) !== true) {
      report(
        'disordered',
        `message ${id} of ${named(append)} was acknowledged at ${seq} and is at ${found.seq}`,
      )
    }
  }
}
