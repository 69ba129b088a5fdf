const heardBy = new WeakMap<AbortSignal, readonly [acts: Set<() => void>, aborted: () => void]>()

/**
 * Calls `act` when the signal is aborted, unless what this gives back is called before. One listener stands for all who
 * hear a signal: of more than ten, as of turns with the signal of a whole process, Node warns as of a leak.
 *
 * @param signal One that is not aborted yet.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const [acts, aborted] = heardBy.get(signal) ?? hear(signal)
  acts.add(act)
  return () => {
    if (!acts.delete(act) || acts.size > 0) return
    signal.removeEventListener('abort', aborted)
    heardBy.delete(signal)
  }
}

function hear(signal: AbortSignal) {
  const acts = new Set<() => void>()
  const aborted = (): void => {
    heardBy.delete(signal)
    for (const act of acts) act()
    acts.clear()
  }
  const heard = [acts, aborted] as const
  heardBy.set(signal, heard)
  // Node keeps a signal that was made of others for as long as somebody listens to it, aborted or not.
  signal.addEventListener('abort', aborted, { once: true })
  return heard
}
