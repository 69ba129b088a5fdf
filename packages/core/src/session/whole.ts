import { SessionError } from '../errors.js'
import type { Message } from '../domain/message.js'
import { clipPath, onPath, readPath } from '../domain/path.js'
import { mapInSlices, pause } from '../async/slices.js'
import type { LiveSession } from '../service/live-session.js'
import type { SessionSnapshot } from '../service/session-snapshot.js'
import { isHistoryOver } from './expiry.js'

const pageSize = 1000
const maxAttempts = 5

/** A session and every message on its active branch, oldest first. */
export interface WholeSession extends SessionSnapshot {
  readonly messages: readonly Message[]
}

interface Collected extends WholeSession {
  /** Whether the messages, with their payloads, are those that the store held when it returned the session. */
  readonly isExact: boolean
}

/**
 * Reads a session and its whole active branch. One call of the store returns the newest 1,000 messages; older ones
 * take a call for each 1,000, and one at the end. The result is the session of one moment, except for payloads that
 * are replaced while older messages are read.
 *
 * @throws `conflict` when messages are trimmed away each time.
 */
export async function readWhole(live: LiveSession): Promise<WholeSession> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const collected = await collect(live)
    if (collected !== undefined) return collected
  }
  throw changing()
}

/**
 * As `readWhole`, with the payloads of that moment, too: for a copy, which must not contain half of a redaction. A
 * store does not tell that it replaced payloads, so older messages are read again until they stay the same.
 *
 * @throws `conflict` when they change each time.
 */
export async function readSnapshot(live: LiveSession): Promise<WholeSession> {
  let before: Collected | undefined
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const collected = await collect(live, before?.messages)
    if (collected?.isExact === true) return collected
    before = collected ?? before
  }
  throw changing()
}

/**
 * The session in one read, and the pages that this read did not return; undefined when messages were trimmed
 * meanwhile.
 *
 * @param before The messages that an earlier pass collected: an older message that is the same in both passes was the
 * same in between, when the session was read.
 */
async function collect(live: LiveSession, before: readonly Message[] = []): Promise<Collected | undefined> {
  const { record, body, messages: newest } = await live.load(pageSize)
  if (!live.isStored || (await isHistoryOver(live.service, record, newest.at(-1), body.turn))) {
    return { record, body, messages: [], isExact: true }
  }
  const first = newest[0]?.seq ?? record.lastSeq + 1
  const recent = newest.filter(({ seq }) => onPath(body.path, seq))
  const path = clipPath(body.path, record.trimmedSeq + 1, first - 1)
  if (path.length === 0) return { record, body, messages: recent, isExact: true }
  // Both ascend.
  let place = 0
  const isKnown = (message: Message): boolean => {
    while (place < before.length && before[place]!.seq < message.seq) place++
    const earlier = before[place]
    return earlier?.seq === message.seq && JSON.stringify(earlier) === JSON.stringify(message)
  }
  const older: Message[] = []
  let isExact = true
  for (let after: number | undefined = 0; after !== undefined;) {
    await pause()
    const page = await readPath(live.service.store, live.ref, path, { after, limit: pageSize })
    older.push(...page.messages)
    isExact &&= (await mapInSlices(page.messages, isKnown)).every(Boolean)
    after = page.after
  }
  // Messages do not move, so the pages belong to the session that was read, unless another session has its id by now,
  // or messages were trimmed away.
  const { record: now } = await live.load()
  if (now.trimmedSeq !== record.trimmedSeq) return undefined
  return { record, body, messages: [...older, ...recent], isExact }
}

function changing(): SessionError {
  return new SessionError('conflict', 'The messages of the session changed each time they were read.')
}
