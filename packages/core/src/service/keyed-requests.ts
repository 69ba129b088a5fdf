import type { SessionRecord } from '../contract/session-record.js'
import { digestOf } from '../digest.js'
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
  /** Words of its session were taken away while it was executed: its answer, which may have them, is kept without any. */
  readonly isBlank?: true
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

/** The name of the change that a keyed request makes. */
export async function changeIdOf(seed: string): Promise<string> {
  return (await digestOf(seed)).slice(0, 12)
}

/**
 * Takes the words out of the answers that are kept for keyed requests about a session, and has those that are executed just
 * now keep none. That a request happened, and how it ended, stays known: a repeat still changes nothing.
 *
 * @param own The change that takes the words away, if it has a name: the answer to its request has none of them.
 */
export async function blankAnswers(service: Service, session: SessionRecord, own?: string): Promise<void> {
  await blankEach(service, session, async ({ seed }) => own !== undefined && own === (await changeIdOf(seed)))
}

/** As `blankAnswers`, by a request that has no name for its change: what is executed just now keeps its answer. */
export async function blankKeptAnswers(service: Service, session: SessionRecord): Promise<void> {
  await blankEach(service, session, () => true)
}

/** Whether a request that is being executed is left as it is. */
type IsLeft = (request: KeyedRequest) => boolean | Promise<boolean>

async function blankEach(service: Service, session: SessionRecord, isLeft: IsLeft): Promise<void> {
  const { store } = service
  const tenantId = sideRecordTenant('requests', session.tenantId)
  const label = sideRecordLabel('requests', session)
  let cursor: string | undefined
  do {
    const query = { tenantId, label, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
    const page = await store.list(query)
    await Promise.all(page.items.map(async (item) => blankAnswer(service, item, isLeft)))
    cursor = page.cursor
  } while (cursor !== undefined)
}

async function blankAnswer(service: Service, ref: SessionRecord, isLeft: IsLeft): Promise<void> {
  const seen = await readAnswer(service, ref)
  if (seen === undefined || blanked(seen.value) === undefined) return
  if (seen.value.answer === undefined && (await isLeft(seen.value))) return
  await updateSideRecord<KeyedRequest>(
    service,
    ref,
    (before) => (before === undefined ? undefined : blanked(before)),
    { seen },
  )
}

/** A request without the words of its answer; undefined when it is so already. */
function blanked(request: KeyedRequest): KeyedRequest | undefined {
  const { answer, isDone, isBlank } = request
  if (answer !== undefined)
    return holdsWords(answer) ? { ...request, answer: withoutWords(answer) } : undefined
  return isDone === true || isBlank === true ? undefined : { ...request, isBlank: true }
}

/** An answer that says no more than that there was one. */
export function withoutWords(answer: KeptAnswer): KeptAnswer {
  return holdsWords(answer) ? { ...answer, body: blank } : answer
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
function holdsWords({ body, isSealed }: KeptAnswer): boolean {
  return isSealed !== true && body !== blank
}
