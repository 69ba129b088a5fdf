'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { call, newKey } from '../api-client.ts'
import { useDesk } from '../desk/desk-context.ts'
import { InspectorToggle } from '../desk/inspector-toggle.tsx'
import { Icon } from '../icons.tsx'
import { EmptyInspector } from '../inspector/empty-inspector.tsx'
import { sayProblem } from '../problem.ts'
import { announceChange } from '../sessions/changes.ts'
import type { SessionView } from '../wire.ts'
import { Composer } from './composer.tsx'
import { useAwake } from './use-awake.ts'
import { forgetOutgoing, keepDraft, keepOutgoing, keptDraft, keptOutgoing } from './kept.ts'

const suggestions = [
  {
    title: 'Something warm for rainy evenings',
    text: 'I need something warm for rainy evenings. What do you have?',
  },
  { title: 'A gift under 30 euros', text: 'I am looking for a gift under 30 euros.' },
  {
    title: 'Remember what I like',
    text: 'Please remember: I like tea, I dislike coffee, and my budget is 40 euros.',
  },
  { title: 'What can you do?', text: 'What can you do for me?' },
]

/**
 * The page before the first message. The session is created with that message: a visitor who only reads leaves no
 * trace.
 */
export function NewChat() {
  const { openSheet } = useDesk()
  const router = useRouter()
  const field = useRef<HTMLTextAreaElement>(null)
  const key = useRef('')
  const [sending, setSending] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const [returns, setReturns] = useState(0)
  const isAwake = useAwake()

  const giveBack = (text: string): void => {
    const draft = keptDraft('new')
    keepDraft('new', draft === '' ? text : `${text}\n\n${draft}`)
    forgetOutgoing('new')
    // The composer reads its draft when it is mounted.
    setReturns((count) => count + 1)
  }

  useEffect(() => {
    const left = keptOutgoing('new')
    if (left !== undefined) giveBack(left.text)
  }, [])

  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) field.current?.focus()
  }, [returns])

  const begin = async (text: string): Promise<void> => {
    setSending(text)
    setProblem(undefined)
    // The same key until it has worked, so that a second try creates no second session.
    key.current ||= newKey()
    const outgoing = { id: newKey(), text, at: new Date().toISOString(), status: 'sending' as const }
    keepOutgoing('new', outgoing)
    try {
      const { session } = await call<{ session: SessionView }>('POST', '/sessions', {
        body: {},
        key: key.current,
      })
      keepOutgoing(session.id, outgoing)
      forgetOutgoing('new')
      announceChange()
      router.push(`/c/${session.id}`)
    } catch (error) {
      giveBack(text)
      setSending(undefined)
      setProblem(sayProblem(error))
    }
  }

  return (
    <>
      <main className="main" id="main" tabIndex={-1}>
        <header className="chat-header">
          <button
            type="button"
            className="icon-button narrow-only"
            aria-label="Show conversations"
            onClick={() => openSheet('list')}
          >
            <Icon name="list" />
          </button>
          {sending === undefined ? <span className="grow" /> : <h1>New conversation</h1>}
          <InspectorToggle />
        </header>
        <div className="scroller-frame">
          {sending === undefined ? (
            <div className="welcome">
              <h1>What is on your mind?</h1>
              <p className="lead">
                A clerk with a good memory and a small shop behind the counter. Ask, change your mind, start
                over: it all stays where you left it.
              </p>
              <ul className="suggestions" aria-label="Things to say">
                {suggestions.map(({ title, text }) => (
                  <li key={title}>
                    <button type="button" disabled={!isAwake} onClick={() => void begin(text)}>
                      {title}
                    </button>
                  </li>
                ))}
              </ul>
            </div>
          ) : (
            <div className="scroller">
              <div className="column">
                <ol className="log">
                  <li className="question">
                    <p className="bubble">{sending}</p>
                    <div className="entry-actions always">
                      <span className="sending">Sending …</span>
                    </div>
                  </li>
                </ol>
              </div>
            </div>
          )}
        </div>
        <div className="foot">
          <div className="notice" role="status">
            {problem}
          </div>
          <Composer
            key={returns}
            place="new"
            field={field}
            isBusy={sending !== undefined}
            isStopping={false}
            onStop={undefined}
            onSend={(text) => {
              void begin(text)
              return true
            }}
          />
        </div>
      </main>
      <EmptyInspector />
    </>
  )
}
