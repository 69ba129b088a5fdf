import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import { inBatches } from './in-batches.js'
import { type SideRecord, type SideRecordOptions, updateSideRecord } from './side-records.js'

type Change<Value> = (
  value: Value | undefined,
  record: SessionRecord | undefined,
) => Value | undefined | Promise<Value | undefined>

interface Waiting {
  readonly at: { readonly store: SessionStore }
  readonly ref: SessionRef
  readonly options: SideRecordOptions<object>
  readonly change: Change<object>
  readonly resolve: (made: SideRecord<object> | undefined) => void
  readonly reject: (why: unknown) => void
}

/** What became of one of several changes. */
type Outcome = { readonly value: object | undefined } | { readonly error: unknown }

// What a store is given at once stays a matter of milliseconds.
const mostTogether = 200

const change = inBatches<Waiting>(mostTogether, changeAll)

/**
 * As `updateSideRecord`, for a record that many calls of a process change at once. They are made one after the other,
 * in as few writes as there may be.
 *
 * @param options The same for all changes of a record.
 * @returns The content after this change, and the record after all that were written with it.
 */
export async function updateTogether<Value extends object>(
  at: { readonly store: SessionStore },
  ref: SessionRef,
  next: Change<Value>,
  options: Omit<SideRecordOptions<Value>, 'seen'>,
): Promise<SideRecord<Value> | undefined> {
  return new Promise((resolve, reject) => {
    const mine = { at, ref, options, change: next, resolve, reject } as unknown as Waiting
    change(at.store, JSON.stringify([ref.tenantId, ref.id]), mine)
  })
}

async function changeAll(batch: readonly Waiting[]): Promise<void> {
  const { at, ref, options } = batch[0]!
  let outcomes: Outcome[] = []
  try {
    const made = await updateSideRecord<object>(
      at,
      ref,
      async (before, record) => {
        outcomes = []
        let value = before
        for (const each of batch) {
          const outcome = await outcomeOf(each.change, value, record)
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

async function outcomeOf(
  next: Change<object>,
  value: object | undefined,
  record: SessionRecord | undefined,
): Promise<Outcome> {
  try {
    return { value: await next(value, record) }
  } catch (error) {
    return { error }
  }
}
