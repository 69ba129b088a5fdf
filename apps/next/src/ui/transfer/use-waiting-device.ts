'use client'

import { useEffect, useEffectEvent } from 'react'
import { call } from '../api-client.ts'
import type { TransferView } from '../wire.ts'

/**
 * Calls `onWaiting` when a device asks to be let in although nobody looks at its link any more. Looks when the session
 * has changed, while a link of ours is out there.
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
