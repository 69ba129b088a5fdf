/** Says on stderr what takes long, so that a quiet wait is not taken for a hang. */
export function progress(line: string): void {
  process.stderr.write(`[testkit] ${line}\n`)
}
