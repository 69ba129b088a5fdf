import { timerMs } from '../time.js'

/**
 * For a store that waits for its server: calls `onOver` once, after `ms`. A process that was held up reads the answers
 * that came in time before it calls `onOver`; a timer alone would come first. Returns a function that stops it.
 */
export function setDeadline(ms: number, onOver: () => void): () => void {
  // A timer that is set in a timer runs after the process has read what the network has brought.
  let timer = setTimeout(() => {
    timer = setTimeout(onOver, 0)
  }, timerMs(ms))
  return () => clearTimeout(timer)
}
