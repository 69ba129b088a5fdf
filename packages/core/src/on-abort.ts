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
  const heard = known ?? hearing()
  if (known === undefined) {
    heardOf.set(signal, heard)
    signal.addEventListener('abort', heard.listener)
  }
  heard.acts.add(act)
  return () => {
    if (!heard.acts.delete(act) || heard.acts.size > 0) return
    signal.removeEventListener('abort', heard.listener)
    heardOf.delete(signal)
  }
}

function hearing(): Heard {
  const acts = new Set<() => void>()
  const listener = (): void => {
    for (const act of acts) act()
  }
  return { acts, listener }
}
