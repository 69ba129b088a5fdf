'use client'

import { useState } from 'react'
import { call } from '../api-client.ts'
import { forgetTexts } from '../conversation/kept.ts'
import { Confirm } from '../dialog.tsx'
import { isProblem, sayProblem } from '../problem.ts'
import type { SessionView } from '../wire.ts'
import { announceChange } from './changes.ts'
import { titleOf } from './title.ts'

export interface DeleteDialogProps {
  readonly session: Pick<SessionView, 'id' | 'title'>
  readonly onClose: () => void
  readonly onDeleted: () => void
}

export function DeleteDialog({ session, onClose, onDeleted }: DeleteDialogProps) {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const remove = async (): Promise<void> => {
    setBusy(true)
    try {
      await call('DELETE', `/sessions/${session.id}`)
    } catch (error) {
      if (!isProblem(error, 'not_found')) {
        setBusy(false)
        return setProblem(sayProblem(error))
      }
    }
    forgetTexts(session.id)
    announceChange()
    onDeleted()
  }
  return (
    <Confirm
      title="Delete this conversation?"
      action="Delete"
      isBusy={isBusy}
      problem={problem}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      <p>
        “<bdi>{titleOf(session)}</bdi>”, its cart and its preferences go for good, on every device.
      </p>
    </Confirm>
  )
}
