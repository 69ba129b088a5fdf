interface Heard {
  readonly acts: Set<() => void>
  readonly listener: () => void
}

const heardOf = new WeakMap<AbortSignal, Heard>()

/**
 * Calls `act` when the signal is aborted, unless what this gives back is called before. One listener stands for all who
 * hear a signal: of more than ten, as of turns with the signal of a whole process, Node warns as of a leak.
 *
 * @param signal One that is not aborted yet.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const known = heardOf.get(signal)
  const heard = known ?? hearing(signal)
  if (known === undefined) {
    heardOf.set(signal, heard)
    // Node keeps a signal that was made of others for as long as somebody listens to it, aborted or not.
    signal.addEventListener('abort', heard.listener, { once: true })
  }
  heard.acts.add(act)
  return () => {
    if (!heard.acts.delete(act) || heard.acts.size > 0) return
    signal.removeEventListener('abort', heard.listener)
    heardOf.delete(signal)
  }
}

function hearing(signal: AbortSignal): Heard {
  const acts = new Set<() => void>()
  const listener = (): void => {
    heardOf.delete(signal)
    for (const act of acts) act()
    acts.clear()
  }
  return { acts, listener }
}
