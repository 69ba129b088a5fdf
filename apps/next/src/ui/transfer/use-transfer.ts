'use client'

import { useCallback, useEffect, useState } from 'react'
import { call } from '../api-client.ts'
import { isProblem, sayProblem } from '../problem.ts'
import type { BegunTransfer, TransferMode, TransferView } from '../wire.ts'

export interface TransferState {
  readonly begun: BegunTransfer | undefined
  /** As the session knows it; undefined while nobody has asked yet, or once it has ended. */
  readonly status: TransferView['status'] | 'ended'
  readonly matchCode: string | undefined
  readonly problem: string | undefined
  readonly begin: (mode: TransferMode) => Promise<void>
  readonly approve: () => Promise<void>
  readonly deny: () => Promise<void>
  readonly revoke: () => Promise<void>
}

const pollMs = 1000

/** One transfer to another device, from the link to the approval. */
export function useTransfer(sessionId: string): TransferState {
  const [begun, setBegun] = useState<BegunTransfer>()
  const [view, setView] = useState<Pick<TransferView, 'status' | 'matchCode'> | { status: 'ended' }>({
    status: 'open',
  })
  const [problem, setProblem] = useState<string>()
  const transferId = begun?.transferId
  const isOver = view.status === 'ended' || view.status === 'redeemed'

  const look = useCallback(async (): Promise<void> => {
    try {
      const { transfers } = await call<{ transfers: readonly TransferView[] }>(
        'GET',
        `/sessions/${sessionId}/transfers`,
      )
      const found = transfers.find((transfer) => transfer.transferId === transferId)
      setView(found ?? { status: 'ended' })
      setProblem(undefined)
    } catch (error) {
      if (isProblem(error, 'not_found')) setView({ status: 'ended' })
      else setProblem(sayProblem(error))
    }
  }, [sessionId, transferId])

  useEffect(() => {
    if (transferId === undefined || isOver) return
    const timer = setInterval(() => void look(), pollMs)
    return () => clearInterval(timer)
  }, [transferId, isOver, look])

  const attempt = async (what: () => Promise<void>): Promise<void> => {
    try {
      await what()
      setProblem(undefined)
    } catch (error) {
      setProblem(sayProblem(error))
    }
  }
  const path = `/sessions/${sessionId}/transfers/${transferId}`
  const matchCode = 'matchCode' in view ? view.matchCode : undefined
  return {
    begun,
    status: view.status,
    matchCode,
    problem,
    begin: (mode) =>
      attempt(async () => {
        setBegun(await call<BegunTransfer>('POST', `/chat/${sessionId}/transfer`, { body: { mode } }))
        setView({ status: 'open' })
      }),
    approve: () =>
      attempt(async () => {
        await call('POST', `${path}/approve`, { body: { matchCode } })
        await look()
      }),
    deny: () =>
      attempt(async () => {
        await call('POST', `${path}/deny`)
        setView({ status: 'ended' })
      }),
    revoke: () =>
      attempt(async () => {
        await call('DELETE', path)
        setBegun(undefined)
        setView({ status: 'open' })
      }),
  }
}
