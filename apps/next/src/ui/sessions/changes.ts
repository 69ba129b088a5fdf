/** Tells this tab and the others that the list of conversations has changed. */

const channelName = 'chat.sessions'
const here = new EventTarget()

export function announceChange(): void {
  here.dispatchEvent(new Event('change'))
  // Opened for each message: an open channel would keep the page out of the browser's back-forward cache.
  const channel = new BroadcastChannel(channelName)
  channel.postMessage('change')
  channel.close()
}

/** Calls `listener` at each change, also of other tabs, and when the page becomes visible again. */
export function onChange(listener: () => void): () => void {
  const channel = new BroadcastChannel(channelName)
  const seen = (): void => {
    if (document.visibilityState === 'visible') listener()
  }
  channel.addEventListener('message', listener)
  here.addEventListener('change', listener)
  document.addEventListener('visibilitychange', seen)
  window.addEventListener('focus', seen)
  window.addEventListener('online', seen)
  return () => {
    channel.close()
    here.removeEventListener('change', listener)
    document.removeEventListener('visibilitychange', seen)
    window.removeEventListener('focus', seen)
    window.removeEventListener('online', seen)
  }
}
