/** What must not be, and is. */
export class Finding extends Error {
  override readonly name: string = 'Finding'
}

/** What takes too long: so it may where much else runs. */
export class LateFinding extends Finding {}

/** How long anything may take. */
export const longestMs = 1000

/** Settles as `work` does. @throws `Finding` when it takes too long. */
export async function inTime<T>(what: string, work: Promise<T>, ms = longestMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateFinding(`${what} takes longer than ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
