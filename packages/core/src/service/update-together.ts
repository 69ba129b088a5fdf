import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import { type SideRecord, type SideRecordOptions, updateSideRecord } from './side-records.js'

type Change<Value> = (
  value: Value | undefined,
  record: SessionRecord | undefined,
) => Value | undefined | Promise<Value | undefined>

interface Waiting {
  readonly change: Change<object>
  readonly resolve: (made: SideRecord<object> | undefined) => void
  readonly reject: (why: unknown) => void
}

/** What became of one of several changes. */
type Outcome = { readonly value: object | undefined } | { readonly error: unknown }

// What a store is given at once stays a matter of milliseconds.
const mostTogether = 200

const queues = new WeakMap<SessionStore, Map<string, Waiting[]>>()

/**
 * As `updateSideRecord`, for a record that many calls of a process change at once. They are made one after the other,
 * in as few writes as there may be: then processes race for the record, and not each call with all others.
 *
 * @param options The same for all changes of a record.
 * @returns The content after this change, and the record after all that were written with it.
 */
export async function updateTogether<Value extends object>(
  at: { readonly store: SessionStore },
  ref: SessionRef,
  change: Change<Value>,
  options: Omit<SideRecordOptions<Value>, 'seen'>,
): Promise<SideRecord<Value> | undefined> {
  const key = JSON.stringify([ref.tenantId, ref.id])
  const ofStore = queues.get(at.store) ?? new Map<string, Waiting[]>()
  queues.set(at.store, ofStore)
  return new Promise((resolve, reject) => {
    const mine = { change, resolve, reject } as unknown as Waiting
    const queue = ofStore.get(key)
    if (queue !== undefined) {
      queue.push(mine)
      return
    }
    const first = [mine]
    ofStore.set(key, first)
    void drain(at, ref, options, first, () => ofStore.delete(key))
  })
}

async function drain(
  at: { readonly store: SessionStore },
  ref: SessionRef,
  options: SideRecordOptions<object>,
  queue: Waiting[],
  end: () => void,
): Promise<void> {
  while (queue.length > 0) {
    const batch = queue.splice(0, mostTogether)
    let outcomes: Outcome[] = []
    try {
      const made = await updateSideRecord<object>(
        at,
        ref,
        async (before, record) => {
          outcomes = []
          let value = before
          for (const { change } of batch) {
            const outcome = await outcomeOf(change, value, record)
            if ('value' in outcome) value = outcome.value ?? value
            outcomes.push(outcome)
          }
          return value === before ? undefined : value
        },
        options,
      )
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index]
        if (outcome !== undefined && 'error' in outcome) reject(outcome.error)
        else resolve(made && outcome?.value && { ...made, value: outcome.value })
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  // In the same moment as the look at the queue: nothing may come in between.
  end()
}

async function outcomeOf(
  change: Change<object>,
  value: object | undefined,
  record: SessionRecord | undefined,
): Promise<Outcome> {
  try {
    return { value: await change(value, record) }
  } catch (error) {
    return { error }
  }
}
