'use client'

import { useCallback, useEffect, useState } from 'react'
import { call } from '../api-client.ts'
import { isProblem, sayProblem } from '../problem.ts'
import type { BegunTransfer, TransferMode, TransferView } from '../wire.ts'

/** A transfer of this session. Its link is known only to the page that began it. */
export type OpenTransfer = Omit<BegunTransfer, 'url'> & { readonly url?: string }

export interface TransferState {
  /** The transfer of this dialog; undefined before the user has chosen a mode. */
  readonly begun: OpenTransfer | undefined
  readonly status: TransferView['status'] | 'ended'
  readonly matchCode: string | undefined
  /** Earlier links that still work. */
  readonly others: readonly TransferView[]
  readonly problem: string | undefined
  readonly begin: (mode: TransferMode) => Promise<void>
  readonly approve: () => Promise<void>
  readonly deny: () => Promise<void>
  readonly revoke: (transferId: string) => Promise<void>
}

const pollMs = 1000

/** One transfer to another device, from the link to the approval. */
export function useTransfer(sessionId: string): TransferState {
  const [begun, setBegun] = useState<OpenTransfer>()
  const [others, setOthers] = useState<readonly TransferView[]>([])
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
      const waiting = transfers.find(({ status }) => status === 'waiting')
      setOthers(transfers.filter(({ status }) => status === 'open' || status === 'waiting'))
      setProblem(undefined)
      if (transferId !== undefined) {
        setView(transfers.find((transfer) => transfer.transferId === transferId) ?? { status: 'ended' })
      } else if (waiting !== undefined) {
        // A device that came while no page was looking.
        setBegun(waiting)
        setView(waiting)
      }
    } catch (error) {
      if (isProblem(error, 'not_found')) setView({ status: 'ended' })
      else setProblem(sayProblem(error))
    }
  }, [sessionId, transferId])

  useEffect(() => {
    if (transferId === undefined) void look()
  }, [transferId, look])

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
  const pathOf = (id: string | undefined): string => `/sessions/${sessionId}/transfers/${id}`
  const matchCode = 'matchCode' in view ? view.matchCode : undefined
  return {
    begun,
    status: view.status,
    matchCode,
    problem,
    others,
    begin: (mode) =>
      attempt(async () => {
        setBegun(await call<BegunTransfer>('POST', `/chat/${sessionId}/transfer`, { body: { mode } }))
        setView({ status: 'open' })
      }),
    approve: () =>
      attempt(async () => {
        await call('POST', `${pathOf(transferId)}/approve`, { body: { matchCode } })
        await look()
      }),
    deny: () =>
      attempt(async () => {
        await call('POST', `${pathOf(transferId)}/deny`)
        setView({ status: 'ended' })
      }),
    revoke: (id) =>
      attempt(async () => {
        await call('DELETE', pathOf(id))
        if (id !== transferId) return look()
        setBegun(undefined)
        setView({ status: 'open' })
      }),
  }
}
