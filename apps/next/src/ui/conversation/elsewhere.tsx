'use client'

import { useState } from 'react'
import { useConversation } from './use-conversation.ts'

/** Stands where one would write, while the conversation goes on on another device. What is being written is kept. */
export function Elsewhere() {
  const { conversation } = useConversation()
  const [isAsking, setAsking] = useState(false)
  return (
    <div className="elsewhere" role="status">
      <p>This conversation goes on on your other device.</p>
      <button
        type="button"
        className="quiet"
        disabled={isAsking}
        onClick={() => {
          setAsking(true)
          void conversation.bringBack().then(() => setAsking(false))
        }}
      >
        Bring it back here
      </button>
    </div>
  )
}
