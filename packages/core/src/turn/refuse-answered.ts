import { SessionError } from '../errors.js'
import { matterOf } from '../domain/matter.js'
import { readPath } from '../domain/path.js'
import type { SessionBody } from '../domain/session-body.js'
import type { LiveSession } from '../service/live-session.js'
import type { QuestionMessage } from './question.js'

// As far back as a client of the HTTP API finds the calls that it answers.
const newestMessages = 100

/**
 * Refuses results of calls, and answers to requests for approval, that the active branch has already: two clients may
 * have looked before either answered. Models refuse a call with two results, and a tool that was approved twice runs
 * twice.
 *
 * @throws `conflict`
 */
export async function refuseAnswered(
  { service, ref }: LiveSession,
  { role, id, content }: QuestionMessage,
  { path }: Pick<SessionBody, 'path'>,
): Promise<void> {
  if (role !== 'tool' || typeof content === 'string') return
  const { messages } = await readPath(service.store, ref, path, { limit: newestMessages })
  /** How many answers are still wanted; of what was never asked for, none. */
  const wanted = new Map<string, number>()
  for (const message of messages) {
    if (message.id === id || typeof message.content === 'string') continue
    const asked = new Set<string>()
    for (const part of message.content) {
      const { answers, asks } = matterOf(part)
      if (answers !== undefined) wanted.set(answers, (wanted.get(answers) ?? 1) - 1)
      if (asks === undefined) continue
      // Some models name each of their calls alike, also in one message.
      wanted.set(asks, asked.has(asks) ? wanted.get(asks)! + 1 : 1)
      asked.add(asks)
    }
  }
  for (const [index, part] of content.entries()) {
    const { answers } = matterOf(part)
    if (answers === undefined || (wanted.get(answers) ?? 1) > 0) continue
    const where = `content[${index}]`
    throw new SessionError('conflict', `${where}: this was answered already.`, { path: where })
  }
}
