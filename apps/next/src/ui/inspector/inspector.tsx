'use client'

import { type KeyboardEvent, useRef, useState } from 'react'
import { useConversation } from '../conversation/use-conversation.ts'
import { useDesk } from '../desk/desk-context.ts'
import { useWide } from '../desk/use-wide.ts'
import { Icon } from '../icons.tsx'
import { CartPanel } from './cart-panel.tsx'
import { ContextPanel } from './context-panel.tsx'
import { PreferencesPanel } from './preferences-panel.tsx'

const tabs = ['Cart', 'Preferences', 'Context'] as const
type Tab = (typeof tabs)[number]

/** The data of the session beside its messages: cart, preferences, and the context for the model. */
export function Inspector() {
  const { view } = useConversation()
  const { sheet, closeSheet, isInspectorUnfolded } = useDesk()
  const isWide = useWide()
  const [tab, setTab] = useState<Tab>('Cart')
  const list = useRef<HTMLDivElement>(null)
  const isShown = isWide ? isInspectorUnfolded : sheet === 'inspector'
  if (view.isGone) return undefined

  const step = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (by === 0) return
    event.preventDefault()
    const next = (tabs.indexOf(tab) + by + tabs.length) % tabs.length
    setTab(tabs[next]!)
    list.current?.querySelectorAll('button')[next]?.focus()
  }
  const { id, revision, messageCount } = view.session
  const mark = `${id} ${revision} ${messageCount}`
  const last = view.messages.at(-1)
  return (
    <aside className="inspector" id="inspector" aria-label="Inspector" data-open={sheet === 'inspector'}>
      <div className="tabs">
        <div role="tablist" aria-label="Inspector" ref={list} onKeyDown={step}>
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-selected={name === tab}
              aria-controls="inspector-panel"
              tabIndex={name === tab ? 0 : -1}
              onClick={() => setTab(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <button
          type="button"
          className="icon-button sheet-only"
          aria-label="Close the inspector"
          onClick={closeSheet}
        >
          <Icon name="close" />
        </button>
      </div>
      <div className="panel" id="inspector-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {isShown ? (
          tab === 'Cart' ? (
            <CartPanel sessionId={id} mark={mark} />
          ) : tab === 'Preferences' ? (
            <PreferencesPanel sessionId={id} mark={mark} />
          ) : (
            // The context depends on the messages; other changes, such as the stored window, do not matter.
            <ContextPanel sessionId={id} mark={`${id} ${messageCount} ${last?.id} ${last?.status}`} />
          )
        ) : undefined}
      </div>
    </aside>
  )
}
