import type { SessionRecord } from '../contract/session-record.js'
import { isUnreadable } from '../errors.js'
import {
  readSideRecord,
  type SideRecord,
  sideRecordLabel,
  sideRecordTenant,
  updateSideRecord,
} from './side-records.js'
import type { Service } from './service.js'

/** An answer as it is kept for a repeat of its request. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  /** Headers that hand a credential over. Only the key of the request opens them. */
  readonly sealed?: string
  readonly body: string
  /** Whether the body is sealed, too. */
  readonly isSealed?: boolean
}

/** A request that is to happen once, as it is kept. */
export interface KeyedRequest {
  /** A digest of what makes two requests alike. */
  readonly content: string
  readonly seed: string
  readonly answer?: KeptAnswer
  /** It was executed, and its answer is too long to be kept: a repeat executes it again, with the same seed. */
  readonly isDone?: true
}

/**
 * Finds the request that made a session. An answer to it outlives the session, so that a late repeat makes no other;
 * the erasure of its user ends both.
 */
export function madeLabel(sessionId: string): string {
  return `made ${sessionId}`
}

const pageSize = 200
// Said in the place of an answer whose words are gone: it happened, and that is all that is known of it.
const blank = JSON.stringify({ erased: true })

/**
 * Takes the words out of the answers that are kept for keyed requests about a session. That a request happened, and how
 * it ended, stays known: a repeat still changes nothing.
 */
export async function blankAnswers(service: Service, session: SessionRecord): Promise<void> {
  const { store } = service
  const tenantId = sideRecordTenant('requests', session.tenantId)
  const label = sideRecordLabel('requests', session)
  let cursor: string | undefined
  do {
    const query = { tenantId, label, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
    const page = await store.list(query)
    await Promise.all(page.items.map(async (item) => blankAnswer(service, item)))
    cursor = page.cursor
  } while (cursor !== undefined)
}

async function blankAnswer(service: Service, ref: SessionRecord): Promise<void> {
  const seen = await readAnswer(service, ref)
  if (seen === undefined || !holdsWords(seen.value)) return
  await updateSideRecord<KeyedRequest>(
    service,
    ref,
    (before) => {
      if (before === undefined || !holdsWords(before)) return undefined
      const { answer, ...request } = before
      return { ...request, answer: { ...answer!, body: blank } }
    },
    { seen },
  )
}

/** An answer; undefined for one that is gone, or whose words nobody can read. */
async function readAnswer(
  service: Service,
  ref: SessionRecord,
): Promise<SideRecord<KeyedRequest> | undefined> {
  try {
    return await readSideRecord<KeyedRequest>(service, ref)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/** A sealed answer nobody can read who has not the key of its request. */
function holdsWords({ answer }: KeyedRequest): boolean {
  return answer !== undefined && answer.isSealed !== true && answer.body !== blank
}
