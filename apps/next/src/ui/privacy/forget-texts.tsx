'use client'

import { useEffect } from 'react'
import { forgetAllTexts } from '../conversation/kept.ts'
import { announceChange } from '../sessions/changes.ts'

/** Once for a receipt: removes what was written and not sent, and has the other tabs look at their lists again. */
export function ForgetTexts({ receiptId }: { receiptId: string }) {
  useEffect(() => {
    if (forgetAllTexts(receiptId)) announceChange()
  }, [receiptId])
  return undefined
}
