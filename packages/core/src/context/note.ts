/** A system message that does not stand at the beginning of the log, the only place that providers accept. */
export function noteOf(text: string): { role: 'user'; content: string } {
  return { role: 'user', content: `[Note by the application]\n${text}` }
}
