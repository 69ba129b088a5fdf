/**
 * For a store that waits for its server: calls `onOver` after `ms`, once. In a process that was held up, answers that
 * came in time are read first, which a timer alone would come before. Gives what stops it.
 */
export function setDeadline(ms: number, onOver: () => void): () => void {
  // A timer that is set in a timer runs after what the network has brought.
  let timer = setTimeout(() => {
    timer = setTimeout(onOver, 0)
  }, ms)
  return () => clearTimeout(timer)
}
