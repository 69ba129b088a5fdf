/** Says on stderr what takes long, so that a quiet wait is not taken for a hang. */
export function progress(line: string): void {
  process.stderr.write(`[testkit] ${line}\n`)
}

/** Says what `work` does, says so again while it lasts, and how long it took. */
export async function withProgress<T>(line: string, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now()
  const seconds = (): number => Math.round((Date.now() - startedAt) / 1000)
  progress(`${line} …`)
  const still = setInterval(() => progress(`${line}: ${seconds()} s so far`), 10_000)
  try {
    const result = await work()
    progress(`${line}: done in ${seconds()} s`)
    return result
  } finally {
    clearInterval(still)
  }
}
