'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { useDesk } from '../desk/desk-context.ts'
import { InspectorToggle } from '../desk/inspector-toggle.tsx'
import { Confirm } from '../dialog.tsx'
import { Icon } from '../icons.tsx'
import { Menu } from '../menu.tsx'
import { DeleteDialog } from '../sessions/delete-dialog.tsx'
import { RenameField } from '../sessions/session-row.tsx'
import { titleOf } from '../sessions/title.ts'
import { TransferDialog } from '../transfer/transfer-dialog.tsx'
import { useWaitingDevice } from '../transfer/use-waiting-device.ts'
import { useConversation } from './use-conversation.ts'

type Asking = 'nothing' | 'title' | 'reset' | 'delete' | 'transfer'

export function ChatHeader() {
  const { conversation, view } = useConversation()
  const { openSheet } = useDesk()
  const router = useRouter()
  const [asking, setAsking] = useState<Asking>('nothing')
  const [isLinkOut, setLinkOut] = useState(false)
  const { session } = view
  const done = (): void => setAsking('nothing')
  const title = titleOf(session)
  useWaitingDevice(session.id, {
    isLinkOut: isLinkOut && asking === 'nothing',
    revision: session.revision,
    onWaiting: () => setAsking('transfer'),
  })
  useEffect(() => {
    document.title = `${title} · Blotter`
  }, [title])
  return (
    <header className="chat-header">
      <button
        type="button"
        className="icon-button narrow-only"
        aria-label="Show conversations"
        onClick={() => openSheet('list')}
      >
        <Icon name="list" />
      </button>
      {asking === 'title' ? (
        <RenameField session={session} onDone={done} />
      ) : (
        <h1 title={title}>
          <bdi>{title}</bdi>
        </h1>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label="Move to another device"
        title="Move to another device"
        onClick={() => setAsking('transfer')}
      >
        <Icon name="device" />
      </button>
      <Menu
        label="More"
        icon={<Icon name="more" />}
        items={[
          { label: 'Rename', onSelect: () => setAsking('title') },
          {
            label: 'Download as Markdown',
            onSelect: () => location.assign(`/api/sessions/${session.id}/export?format=markdown`),
          },
          { label: 'Clear conversation', onSelect: () => setAsking('reset') },
          { label: 'Delete conversation', onSelect: () => setAsking('delete'), isDangerous: true },
        ]}
      />
      <InspectorToggle />
      {asking === 'reset' ? (
        <Confirm
          title="Clear this conversation?"
          action="Clear"
          problem={view.notice}
          onConfirm={() => void conversation.reset().then((isDone) => isDone && done())}
          onClose={done}
        >
          <p>What was said goes for good, with all its versions. The cart and your preferences stay.</p>
        </Confirm>
      ) : undefined}
      {asking === 'delete' ? (
        <DeleteDialog session={session} onClose={done} onDeleted={() => router.push('/')} />
      ) : undefined}
      {asking === 'transfer' ? (
        <TransferDialog session={session} onClose={done} onLinkOut={setLinkOut} />
      ) : undefined}
    </header>
  )
}
