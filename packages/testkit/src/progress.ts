/** Reports long work on stderr, so that a quiet wait does not look like a hang. */
export function progress(line: string): void {
  process.stderr.write(`[testkit] ${line}\n`)
}

/** Prints what `work` does, prints it again while it lasts, and prints how long it took. */
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
