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
  const answered = new Set<string>()
  for (const message of messages) {
    if (message.id === id || typeof message.content === 'string') continue
    for (const part of message.content) {
      const { answers, asks } = matterOf(part)
      if (answers !== undefined) answered.add(answers)
      // Some models name each of their calls alike.
      if (asks !== undefined) answered.delete(asks)
    }
  }
  for (const [index, part] of content.entries()) {
    const { answers } = matterOf(part)
    if (answers === undefined || !answered.has(answers)) continue
    const where = `content[${index}]`
    throw new SessionError('conflict', `${where}: this was answered already.`, { path: where })
  }
}
