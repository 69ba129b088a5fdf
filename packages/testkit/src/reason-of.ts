/** Why a command failed, in one line: apt and npm print much, and one line of it is the error. */
export function reasonOf(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || (error as Error).message
  const lines = text.trim().split('\n')
  const telling = lines.find((line) => /^(?:E:|npm (?:error|ERR!) )/.test(line)) ?? lines[0]
  return telling?.replace(/^(?:E:|npm (?:error|ERR!)) */, '') || 'no reason given'
}
