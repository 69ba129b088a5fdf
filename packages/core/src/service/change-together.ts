import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import { type SideRecordOptions, updateSideRecord } from './side-records.js'

type Change<Value> = (
  value: Value | undefined,
  record: SessionRecord | undefined,
) => Promise<Value | undefined>

interface Waiting {
  readonly change: Change<object>
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

// One commit; more have to wait for the next.
const most = 100

const lines = new WeakMap<SessionStore, Map<string, Waiting[]>>()

/**
 * Changes a side record as `updateSideRecord` does, in one commit with all changes of it in this process that wait. Many who
 * each write a record on their own lose one race after the other. All changes of a record come with the same options, and
 * what one of them throws fails those that wait with it.
 */
export async function changeTogether<Value extends object>(
  { store }: { readonly store: SessionStore },
  ref: SessionRef,
  change: Change<Value>,
  options: SideRecordOptions<Value>,
): Promise<void> {
  const open = lines.get(store) ?? new Map<string, Waiting[]>()
  lines.set(store, open)
  const key = JSON.stringify([ref.tenantId, ref.id])
  await new Promise<void>((resolve, reject) => {
    const waiting = { change: change as unknown as Change<object>, resolve, reject }
    const line = open.get(key)
    if (line !== undefined) return void line.push(waiting)
    const made = [waiting]
    open.set(key, made)
    void work(made)
  })

  async function work(line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const batch = line.splice(0, most)
      const all = async (before: object | undefined, record: SessionRecord | undefined) => {
        let value = before
        for (const each of batch) value = (await each.change(value, record)) ?? value
        return value === before ? undefined : value
      }
      try {
        await updateSideRecord({ store }, ref, all, options as SideRecordOptions<object>)
        for (const each of batch) each.resolve()
      } catch (cause) {
        for (const each of batch) each.reject(cause)
      }
    }
    open.delete(key)
  }
}
