/** The result, or undefined when it does not come within so many milliseconds. A timer of it keeps no process alive. */
export async function within<T>(ms: number, result: Promise<T>): Promise<T | undefined> {
  let timer: { unref?: () => void } | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms) as { unref?: () => void }
    timer.unref?.()
  })
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer as ReturnType<typeof setTimeout>)
  }
}
