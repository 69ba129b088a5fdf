'use client'

import { useSyncExternalStore } from 'react'

const query = '(min-width: 1180px)'

/** Whether the inspector has room beside the conversation. The server assumes that it has. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => matchMedia(query).matches,
    () => true,
  )
}
