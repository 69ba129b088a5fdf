/** A system message that does not stand at the beginning of the log, the only place that providers accept. */
export function noteOf(text: string): { role: 'user'; content: string } {
  return { role: 'user', content: `[Note by the application]\n${text}` }
}

/**
 * Stands after results of tools where no answer follows, because the turn was stopped or the user was quicker: some
 * providers take nothing but an answer there.
 */
export const noAnswer: { readonly role: 'assistant'; readonly content: string } = {
  role: 'assistant',
  content: '[No answer]',
}
