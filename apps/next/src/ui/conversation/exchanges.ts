import type { MessageView } from '../wire.ts'

/** One entry of the conversation: a message of the user, or an answer with all its tool calls. */
export type Entry =
  | { readonly kind: 'question'; readonly key: string; readonly message: MessageView }
  | {
      readonly kind: 'answer'
      readonly key: string
      readonly messages: readonly [MessageView, ...MessageView[]]
      /** The message that it answers; absent when the answer begins the conversation. */
      readonly question: MessageView | undefined
    }

/**
 * Messages as entries. An answer has the same key while it is written and after it is stored, so that nothing
 * flickers.
 */
export function toEntries(messages: readonly MessageView[]): Entry[] {
  const entries: Entry[] = []
  let question: MessageView | undefined
  let answer: MessageView[] | undefined
  for (const message of messages) {
    if (message.role === 'user') {
      entries.push({ kind: 'question', key: message.id, message })
      question = message
      answer = undefined
    } else if (answer === undefined) {
      answer = [message]
      const key = answerKey(question?.id ?? message.id)
      entries.push({ kind: 'answer', key, messages: answer as [MessageView], question })
    } else {
      answer.push(message)
    }
  }
  return entries
}

export function answerKey(messageId: string): string {
  return `${messageId} answered`
}
