'use client'

import { useEffect, useEffectEvent } from 'react'
import { call } from '../api-client.ts'
import type { TransferView } from '../wire.ts'

/**
 * Calls `onWaiting` when a device waits for approval although its link is not shown any more. It reads the transfers
 * when the session has changed, while a link of this page is open.
 */
export function useWaitingDevice(
  sessionId: string,
  { isLinkOut, revision, onWaiting }: { isLinkOut: boolean; revision: number; onWaiting: () => void },
): void {
  const tell = useEffectEvent(onWaiting)
  useEffect(() => {
    if (!isLinkOut) return
    let isStale = false
    call<{ transfers: readonly TransferView[] }>('GET', `/sessions/${sessionId}/transfers`)
      .then(({ transfers }) => {
        if (!isStale && transfers.some(({ status }) => status === 'waiting')) tell()
      })
      // The next change is another occasion.
      .catch(() => {})
    return () => {
      isStale = true
    }
  }, [sessionId, isLinkOut, revision])
}
