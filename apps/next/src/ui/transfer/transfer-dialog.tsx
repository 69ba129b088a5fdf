'use client'

import { useEffect, useState } from 'react'
import { serverNow } from '../api-client.ts'
import { timeOf, useClock } from '../clock.ts'
import { CopyButton } from '../copy-button.tsx'
import { Dialog } from '../dialog.tsx'
import type { SessionView, TransferMode } from '../wire.ts'
import { QrCode } from './qr-code.tsx'
import { type OpenTransfer, type TransferState, useTransfer } from './use-transfer.ts'

export interface TransferDialogProps {
  readonly session: Pick<SessionView, 'id' | 'title'>
  readonly onClose: () => void
  /** Called with whether an open link needs approval; such a link outlives this dialog. */
  readonly onLinkOut: (isOut: boolean) => void
}

const choices: readonly { mode: TransferMode; title: string; what: string }[] = [
  {
    mode: 'share',
    title: 'My other device',
    what: 'It joins in. Both see the same conversation, as it goes on.',
  },
  {
    mode: 'move',
    title: 'Move there',
    what: 'It goes on over there, and the links given out before stop working.',
  },
  {
    mode: 'copy',
    title: 'A copy for somebody else',
    what: 'They get one of their own. What you say later stays yours.',
  },
]

export function TransferDialog({ session, onClose, onLinkOut }: TransferDialogProps) {
  const transfer = useTransfer(session.id)
  const { begun, status, problem, others } = transfer
  const isOut = (begun !== undefined && status === 'open') || others.length > 0
  useEffect(() => onLinkOut(isOut), [isOut, onLinkOut])
  return (
    <Dialog title="Move to another device" onClose={onClose} className="transfer">
      {begun === undefined ? (
        <>
          <Choose onChoose={(mode) => void transfer.begin(mode)} />
          <Others transfer={transfer} />
        </>
      ) : status === 'redeemed' || status === 'approved' ? (
        <p className="lead" role="status">
          {status === 'approved' ? 'Approved. The other device is being let in …' : arrived(begun.mode)}
        </p>
      ) : status === 'ended' ? (
        <p className="lead" role="status">
          This link has ended. Nobody can use it any more.
        </p>
      ) : status === 'waiting' ? (
        <Ask transfer={transfer} />
      ) : (
        <Link begun={begun} onRevoke={() => void transfer.revoke(begun.transferId)} />
      )}
      {problem === undefined ? undefined : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {begun !== undefined && status === 'waiting' ? undefined : (
        <div className="dialog-actions">
          <button type="button" className="quiet" onClick={onClose}>
            {status === 'open' && begun !== undefined ? 'Close, and keep the link' : 'Close'}
          </button>
        </div>
      )}
    </Dialog>
  )
}

function Choose({ onChoose }: { onChoose: (mode: TransferMode) => void }) {
  return (
    <ul className="choices">
      {choices.map(({ mode, title, what }) => (
        <li key={mode}>
          <button type="button" onClick={() => onChoose(mode)}>
            <strong>{title}</strong>
            <span>{what}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Open links: they can be revoked, but not shown again. */
function Others({ transfer: { others, revoke } }: { transfer: TransferState }) {
  const clock = useClock()
  return (
    <ul className="others">
      {others.map(({ transferId, mode, expiresAt }) => (
        <li key={transferId}>
          A link to {mode === 'copy' ? 'copy' : mode} it works until {timeOf(expiresAt, clock)}.
          <button type="button" className="text-button strong" onClick={() => void revoke(transferId)}>
            Revoke
          </button>
        </li>
      ))}
    </ul>
  )
}

function Link({ begun, onRevoke }: { begun: OpenTransfer; onRevoke: () => void }) {
  const left = useSecondsUntil(begun.expiresAt)
  if (begun.url === undefined) return undefined
  if (left === 0) {
    return (
      <p className="lead" role="status">
        The link has expired. Make a new one when you need it.
      </p>
    )
  }
  return (
    <div className="link">
      <QrCode text={begun.url} label="QR code of the link" />
      <div>
        <p>Point the camera of the other device at the code, or open the link there.</p>
        <input
          className="link-text"
          readOnly
          aria-label="Link"
          value={begun.url}
          onFocus={(event) => event.currentTarget.select()}
        />
        <div className="link-actions">
          <CopyButton text={begun.url} label="Copy the link" className="primary" />
          <button type="button" className="quiet" onClick={onRevoke}>
            Revoke
          </button>
        </div>
        {isLocal(begun.url) ? (
          <p className="fine" role="note">
            Only this computer knows the address in it. Open the chat by an address that the other device
            reaches, too, and make the link there.
          </p>
        ) : undefined}
        <p className="fine">
          It works once, for <span className="numbers">{minutes(left)}</span>.
          {begun.mode === 'copy' ? '' : ' You will be asked before anything is handed over.'}
        </p>
      </div>
    </div>
  )
}

function Ask({ transfer: { matchCode, approve, deny } }: { transfer: TransferState }) {
  return (
    <div className="ask" role="alert">
      <p>A device asks to be let in. Does your phone show this number?</p>
      <p className="match">{matchCode}</p>
      <div className="dialog-actions">
        <button type="button" className="quiet" onClick={() => void deny()}>
          Deny
        </button>
        <button type="button" className="primary" onClick={() => void approve()}>
          Approve
        </button>
      </div>
    </div>
  )
}

/** Whether an address leads every device to itself. */
function isLocal(url: string): boolean {
  return /^(?:127\.|localhost$|\[::1\]$|0\.0\.0\.0$)/.test(new URL(url).hostname)
}

function arrived(mode: TransferMode): string {
  if (mode === 'copy') return 'The copy has been taken.'
  return mode === 'move' ? 'It goes on over there now.' : 'Your other device has joined in.'
}

function useSecondsUntil(iso: string): number {
  const end = new Date(iso).getTime()
  const [left, setLeft] = useState(() => secondsTo(end))
  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsTo(end)), 1000)
    return () => clearInterval(timer)
  }, [end])
  return left
}

function secondsTo(end: number): number {
  return Math.max(0, Math.ceil((end - serverNow()) / 1000))
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
