import type { Session, SessionStore } from '@sessions/core'
import { isSessionError, type SessionCopy, type SessionRef, type StoredMessage } from '@sessions/core/store'
import { attic, type Lane } from './lane.js'

const partSize = 7

/**
 * Copies the session as it is to another place, changes the copy, and puts the older copy there once more, which must not
 * take the place of the newer one.
 */
export async function copy(lane: Lane, session: Session): Promise<void> {
  const from = { tenantId: session.tenantId, id: session.id }
  let tries = 0
  const name = lane.recorder.next()
  await lane.recorder.run(
    { tenantId: from.tenantId, sessionId: from.id },
    'always',
    () => copied(lane.store, from, { tenantId: attic, id: `${name}.${tries++}` }),
    (wrong) => ({ kind: 'copy', ...(wrong === undefined || wrong === '' ? {} : { wrong }) }),
  )
}

/** What is wrong with the copy; empty when nothing is, or when the session does not stand still. */
async function copied(store: SessionStore, from: SessionRef, to: SessionRef): Promise<string> {
  const original = await whole(store, from)
  if (original === undefined) return ''
  try {
    for (const part of parts(original)) await store.restore(to, part)
    const made = await whole(store, to)
    if (made === undefined) return 'the copy is not there'
    if (JSON.stringify(made) !== JSON.stringify(original)) return 'the copy is not the same'
    const { record } = await store.commit(to, { messages: [{ id: 'late', payload: '{}' }] })
    const isRefused = await store.restore(to, original).then(
      () => false,
      (error: unknown) => {
        if (!isSessionError(error, 'conflict')) throw error
        return true
      },
    )
    if (!isRefused) return 'an older copy took the place of a newer session'
    const after = await store.read(to)
    return after?.record.lastSeq === record.lastSeq ? '' : 'the newer session has lost a message'
  } finally {
    await store.remove(to).catch(() => undefined)
  }
}

/** A session as it was at one moment; undefined when it is gone, or changes again and again. */
async function whole(store: SessionStore, ref: SessionRef): Promise<SessionCopy | undefined> {
  for (let tries = 0; tries < 5; tries++) {
    const before = await store.read(ref)
    if (before === undefined) return undefined
    const messages: StoredMessage[] = []
    try {
      for (let more = true; more;) {
        const page = await store.messages(ref, { after: messages.at(-1)?.seq ?? 0, limit: 1000 })
        messages.push(...page.messages)
        more = page.more && page.messages.length > 0
      }
    } catch (error) {
      if (isSessionError(error, 'not_found')) return undefined
      throw error
    }
    const after = await store.read(ref)
    const isStill =
      after?.record.incarnation === before.record.incarnation &&
      after.record.changes === before.record.changes
    const { tenantId: _, id: __, ...record } = before.record
    if (isStill) return { record, body: before.body, messages }
  }
  return undefined
}

function* parts(copy: SessionCopy): Generator<SessionCopy> {
  let rest = copy.messages
  do {
    const messages = rest.slice(0, Math.max(partSize, Math.ceil(copy.messages.length / 3)))
    rest = rest.slice(messages.length)
    yield { ...copy, messages, more: rest.length > 0 }
  } while (rest.length > 0)
}
