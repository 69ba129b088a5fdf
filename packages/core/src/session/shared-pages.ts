import type { SessionRecord } from '../contract/session-record.js'
import type { StoredMessage } from '../contract/session-store.js'
import { isSessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'

type Page = Promise<readonly StoredMessage[]>

const pageSize = 100
// For subscribers that come to it later than others. What is long is read again instead, and so is what is too much.
const keptMs = 450
const mostKept = 256
const longestKept = 64 * 1024

const pages = new WeakMap<Service, Map<string, Page>>()

/**
 * The messages of a session after a seq, as far as its record tells; none when it is gone. One read in a process serves all
 * who have seen the same record: a change wakes them all at once.
 */
export async function sharedPage(live: LiveSession, after: number, record: SessionRecord): Page {
  const known = pages.get(live.service) ?? new Map<string, Page>()
  pages.set(live.service, known)
  const { tenantId, id, incarnation, changes, updatedAt, lastSeq } = record
  const key = JSON.stringify([tenantId, id, incarnation, changes, updatedAt, lastSeq, after])
  const shared = known.get(key)
  if (shared !== undefined) return shared
  const page = readPage(live, after, lastSeq)
  known.set(key, page)
  const forget = (): void => {
    if (known.get(key) === page) known.delete(key)
  }
  page.then((messages) => {
    const units = messages.reduce((sum, { payload }) => sum + payload.length, 0)
    if (units > longestKept || known.size > mostKept) return forget()
    const timer = setTimeout(forget, keptMs) as { unref?: () => void }
    timer.unref?.()
  }, forget)
  return page
}

async function readPage({ service, ref }: LiveSession, after: number, lastSeq: number): Page {
  try {
    const { messages } = await service.store.messages(ref, { after, before: lastSeq + 1, limit: pageSize })
    return messages
  } catch (error) {
    // The next look tells.
    if (isSessionError(error, 'not_found')) return []
    throw error
  }
}
