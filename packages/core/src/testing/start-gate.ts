/** A gate that `count` callers wait at; the last one to come lets all of them through together. */
export function startGate(count: number): () => Promise<void> {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let waiting = 0
  return () => {
    if (++waiting === count) open()
    return opened
  }
}

/** Runs `work` `count` times; no run begins before all of them are ready. */
export function together<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const gate = startGate(count)
  const start = async (index: number) => {
    await gate()
    return work(index)
  }
  return Promise.all(Array.from({ length: count }, (_, index) => start(index)))
}
