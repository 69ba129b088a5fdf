import type { Message, Session } from '@sessions/core'
import { groupsOf, idOf, isAnswer } from './to-ui-messages.js'

/** A message of a page in the log. */
export interface ChatPlace {
  readonly group: readonly Message[]
  /** The seq of the message before it; 0 at the beginning. */
  readonly after: number
}

/**
 * Finds a message of a page from the end of the active branch.
 *
 * @param isIt Whether this is the message.
 */
export async function findPlace(
  session: Session,
  isIt: (group: readonly Message[]) => boolean,
): Promise<ChatPlace | undefined> {
  let messages: readonly Message[] = []
  for (let before: number | undefined, isFirst = true; isFirst || before !== undefined; isFirst = false) {
    const page = await session.history({ limit: 100, before })
    before = page.before
    messages = [...page.messages, ...messages]
    const groups = groupsOf(messages.filter(isShown))
    const index = groups.findLastIndex(isIt)
    // The first of those that were read may begin earlier.
    if (index > 0 || (index === 0 && before === undefined)) {
      const group = groups[index]!
      return { group, after: messages[messages.indexOf(group[0]!) - 1]?.seq ?? 0 }
    }
    // The others are whole, and have been looked at.
    const next = groups[1]?.[0]
    if (next !== undefined) messages = messages.slice(0, messages.indexOf(next))
  }
  return undefined
}

/** Whether a page may see a message: the application's instructions are for the model. */
export function isShown({ role }: Message): boolean {
  return role !== 'system'
}

/** What has been answered so far, if the message at this place continues an answer. */
export async function answerBefore(session: Session, seq: number): Promise<readonly Message[]> {
  const place = await findPlace(session, (group) => group[0]!.seq <= seq)
  const group = place?.group ?? []
  return group.length > 0 && isAnswer(group[0]!) ? group.filter((message) => message.seq <= seq) : []
}

/** Whether a group is the page's message of this id, or the last message when there is no id. */
export function isNamed(id: string | undefined): (group: readonly Message[]) => boolean {
  return (group) => id === undefined || idOf(group) === id || group[0]!.id === id
}
