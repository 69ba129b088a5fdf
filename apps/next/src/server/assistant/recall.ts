import { type Message, type Session, textOf } from '@sessions/core'
import type { Intent } from './intent.ts'
import { quote, sayCount } from './wording.ts'

const mostTold = 6

/** Answers from the history of the conversation. The newest message is the question itself. */
export async function recall(
  session: Session,
  what: Extract<Intent, { type: 'recall' }>['what'],
): Promise<string> {
  if (what === 'first') {
    const { messages } = await session.history({ after: 0, limit: 50 })
    const asked = messages.filter(isUsers)
    return asked.length < 2
      ? 'That was the first thing you have said to me here.'
      : `The first thing you said was: ${quote(textOf(asked[0]!))}`
  }
  const { messages, before } = await session.history({ limit: 100 })
  if (what === 'answer') {
    const answer = messages.findLast((message) => message.role === 'assistant' && textOf(message) !== '')
    return answer === undefined ? 'I have not said anything yet.' : `I said: ${quote(textOf(answer))}`
  }
  const asked = messages.filter(isUsers).slice(0, -1)
  if (asked.length === 0) return 'Nothing yet: this is the first thing you have said to me here.'
  if (what === 'last') return `You just said: ${quote(textOf(asked.at(-1)!))}`
  const told = asked.slice(-mostTold).map((message) => `- ${quote(textOf(message))}`)
  const isCut = before !== undefined || asked.length > mostTold
  return `Before this you said ${sayCount(asked.length, 'thing')}${before === undefined ? '' : ' or more'}${isCut ? ', lately' : ''}:\n\n${told.join('\n')}`
}

function isUsers({ role }: Message): boolean {
  return role === 'user'
}
