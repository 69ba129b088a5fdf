import { topicOf } from '@sessions/core/store'
import type { Look } from './options.js'

/** Whether something answers, and how soon. */
export interface Health {
  readonly name: string
  readonly isWell: boolean
  readonly ms: number
  /** Why not. */
  readonly problem?: string
}

// A notice that takes longer helps nobody who waits.
const noticeMs = 1000

/** Asks store and bus for a sign of life. */
export async function healthOf({ store, bus, identity: { tenantId } }: Look): Promise<readonly Health[]> {
  const asked: Promise<Health>[] = []
  if (store !== undefined)
    asked.push(timed('Store', async () => void (await store.list({ tenantId, limit: 1 }))))
  if (bus !== undefined) {
    const ref = { tenantId: '~health', id: crypto.randomUUID() }
    asked.push(
      timed('Bus', async () => {
        let hear = (): void => {}
        const heard = new Promise<void>((resolve) => {
          hear = resolve
        })
        const stop = await bus.subscribe([topicOf(ref)], {
          notices: (notices) => {
            if (notices.some(({ id }) => id === ref.id)) hear()
          },
          gap: () => {},
        })
        try {
          bus.publish([{ ...ref, kind: 'changed' }])
          await within(heard)
        } finally {
          await stop()
        }
      }),
    )
  }
  return Promise.all(asked)
}

async function timed(name: string, ask: () => Promise<void>): Promise<Health> {
  const begun = performance.now()
  try {
    await ask()
    return { name, isWell: true, ms: performance.now() - begun }
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'It does not answer.'
    return { name, isWell: false, ms: performance.now() - begun, problem }
  }
}

async function within(heard: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('A notice was not heard within a second.')), noticeMs)
  })
  try {
    await Promise.race([heard, late])
  } finally {
    clearTimeout(timer)
  }
}
