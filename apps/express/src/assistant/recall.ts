import { type Message, type Session, textOf } from '@sessions/core'
import type { RecallIntent } from './intent.js'

const manyQuestions = 10

/** Answers about the conversation itself, from its log. */
export async function recall(intent: RecallIntent, session: Session, messageId: string): Promise<string> {
  const before = await earlier(session, messageId, intent)
  const questions = before.filter(({ role }) => role === 'user').map(textOf)
  const answers = before.filter(({ role, content }) => role === 'assistant' && content !== '').map(textOf)
  switch (intent.what) {
    case 'answer': {
      const said = at(answers, intent.place)
      return said ?? 'I have not said anything yet.'
    }
    case 'question': {
      const asked = at(questions, intent.place)
      if (asked === undefined)
        return questions.length === 0
          ? 'That was the first thing you said to me.'
          : `You have written to me ${times(questions.length)} so far.`
      return `${intent.place === 1 ? 'First you said' : intent.place === -1 ? 'You just said' : 'You said'}: “${asked}”`
    }
    case 'count':
      return questions.length === 0
        ? 'This is your first question.'
        : `You have written to me ${times(questions.length)} before this.`
    case 'questions': {
      if (questions.length === 0) return 'We have only just begun.'
      const shown = questions.slice(-manyQuestions)
      const first = questions.length - shown.length
      const left = first > 0 ? [`(${first} more before these)`] : []
      return [
        'You said:',
        ...left,
        ...shown.map((question, index) => `${first + index + 1}. ${question}`),
      ].join('\n')
    }
  }
}

/** The messages before this one: from the end of the log that the question is about, or else all of them. */
async function earlier(
  session: Session,
  messageId: string,
  intent: RecallIntent,
): Promise<readonly Message[]> {
  const place = 'place' in intent ? intent.place : undefined
  const messages =
    place === -1
      ? (await session.history({ limit: 20 })).messages
      : place === 1
        ? (await session.history({ after: 0, limit: 20 })).messages
        : await session.allMessages()
  const current = messages.findIndex(({ id }) => id === messageId)
  return current === -1 ? messages : messages.slice(0, current)
}

function at(texts: readonly string[], place: number): string | undefined {
  return texts.at(place > 0 ? place - 1 : place)
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}
