'use client'

import { useEffect, useRef, useState } from 'react'
import { textOf, withoutSigns } from './pieces.ts'
import { useConversation } from './use-conversation.ts'

/** Lets screen readers read an answer when it is complete; nobody could follow it word by word. */
export function Announcer() {
  const { view } = useConversation()
  const writing = useRef<string>(undefined)
  const [said, setSaid] = useState('')
  const { answer, messages } = view
  const last = messages.at(-1)
  useEffect(() => {
    if (answer !== undefined) {
      writing.current = answer.replyId
      if (answer.pieces.length === 0) setSaid('')
    } else if (last !== undefined && last.id === writing.current) {
      writing.current = undefined
      setSaid(
        last.status === 'completed'
          ? `The assistant says: ${withoutSigns(textOf(last))}`
          : 'The answer broke off.',
      )
    }
  }, [answer, last])
  return (
    <p className="hidden" aria-live="polite">
      {said}
    </p>
  )
}
