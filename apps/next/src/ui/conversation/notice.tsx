'use client'

import { useSyncExternalStore } from 'react'
import { useConversation } from './use-conversation.ts'

/** The current error, if there is one. Its line is always there, so that nothing moves. */
export function Notice() {
  const { conversation, view } = useConversation()
  const isOnline = useSyncExternalStore(
    subscribe,
    () => navigator.onLine,
    () => true,
  )
  const text = !isOnline
    ? 'You are offline. What you write is kept here.'
    : (view.notice ?? (view.isConnected ? undefined : 'Connecting again …'))
  return (
    <div className="notice" role="status">
      {text}
      {view.notice === undefined || !isOnline ? undefined : (
        <button type="button" className="text-button" onClick={() => void conversation.refresh()}>
          Look again
        </button>
      )}
    </div>
  )
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('online', listener)
  window.addEventListener('offline', listener)
  return () => {
    window.removeEventListener('online', listener)
    window.removeEventListener('offline', listener)
  }
}
