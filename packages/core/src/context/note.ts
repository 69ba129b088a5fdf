/** A system message that does not stand at the head of the log, where providers want the only one. */
export function noteOf(text: string): { role: 'user'; content: string } {
  return { role: 'user', content: `[Note by the application]\n${text}` }
}
