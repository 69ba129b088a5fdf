import type { Life } from '../marker.js'
import type { OperationOf } from '../operation.js'
import { named } from './check-life.js'
import type { Report } from './finding.js'
import { happened, type History, latest } from './history.js'

interface First {
  readonly append: OperationOf<'append'>
  readonly seq: number
  readonly inserted: boolean
}

/** Whether a known id kept its text and its place, whichever caller sent it again. */
export function checkRepeats(life: Life, history: History, report: Report): void {
  const operations = history.of(life)
  const resets = happened(operations, 'reset')
  // A reset drops the ids with the messages.
  const isForgotten = (since: number) => resets.some((reset) => latest(reset) >= since)
  // When a caller has left the branch of a message, the message is put on the new branch when it is sent again.
  const turns = [...happened(operations, 'rewind'), ...happened(operations, 'switch')]
  const mayHaveMoved = (end: number) => turns.some(({ begin }) => begin <= end)
  const firsts = new Map<string, First>()
  for (const operation of operations) {
    if (operation.outcome !== 'acknowledged') continue
    if (operation.kind === 'clash') {
      const first = firsts.get(operation.messages[0]!.id)
      if (first !== undefined && !isForgotten(first.append.begin)) {
        report(
          'doubled',
          `${named(operation)} gave another text to an id that ${named(first.append)} had taken`,
        )
      }
    }
    if (operation.kind !== 'append') continue
    for (const [index, { seq, inserted }] of (operation.places ?? []).entries()) {
      const { id } = operation.messages[index]!
      const first = firsts.get(id)
      const wasInserted = first?.inserted === true
      firsts.set(id, { append: first?.append ?? operation, seq, inserted: inserted || wasInserted })
      if (first === undefined || isForgotten(first.append.begin)) continue
      if (first.seq !== seq && mayHaveMoved(operation.end)) continue
      if (first.seq !== seq) {
        report(
          'doubled',
          `message ${id} was acknowledged at ${first.seq} and, by ${named(operation)}, at ${seq}`,
        )
      } else if (inserted && wasInserted) {
        report('doubled', `message ${id} was said to be new twice, again by ${named(operation)}`)
      }
    }
  }
}
