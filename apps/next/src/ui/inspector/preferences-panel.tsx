'use client'

import { useEffect, useId, useRef, useState } from 'react'
import { call, newKey } from '../api-client.ts'
import type { Preferences } from '../wire.ts'
import type { PanelProps } from './cart-panel.tsx'
import { fromText, newPreference, toText } from './preference-text.ts'
import { useResource } from './use-resource.ts'

export function PreferencesPanel({ sessionId, mark }: PanelProps) {
  const path = `/sessions/${sessionId}/preferences`
  const preferences = useResource(
    async () => (await call<{ preferences: Preferences }>('GET', path)).preferences,
    mark,
  )
  const merge = (patch: Preferences) =>
    preferences.change(async () => {
      const answer = await call<{ preferences: Preferences }>('PATCH', path, { body: patch, key: newKey() })
      return answer.preferences
    })
  if (preferences.value === undefined) return <p className="panel-note">{preferences.problem ?? ' '}</p>
  const entries = Object.entries(preferences.value)
  return (
    <>
      {preferences.problem === undefined ? undefined : (
        <p className="problem" role="alert">
          {preferences.problem}
        </p>
      )}
      <p className="panel-note">
        {entries.length === 0
          ? 'Nothing noted yet. Say what you like, or write it down here.'
          : 'The assistant heeds these in every answer.'}
      </p>
      <ul className="preferences">
        {entries.map(([name, value]) => (
          <PreferenceLine
            key={name}
            name={name}
            value={value}
            onKeep={(next) => void merge({ [name]: next })}
            onForget={() => void merge({ [name]: null })}
          />
        ))}
      </ul>
      <NewPreference onAdd={(name, text) => merge({ [name]: newPreference(name, text) })} />
    </>
  )
}

function PreferenceLine({
  name,
  value,
  onKeep,
  onForget,
}: {
  name: string
  value: unknown
  onKeep: (value: unknown) => void
  onForget: () => void
}) {
  const id = useId()
  const known = toText(value)
  const [text, setText] = useState(known)
  useEffect(() => setText(known), [known])
  const keep = (): void => {
    if (text.trim() === '') setText(known)
    else if (text !== known) onKeep(fromText(text, value))
  }
  return (
    <li>
      <label htmlFor={id}>{name}</label>
      <input
        id={id}
        value={text}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => {
          if (event.key === 'Enter') keep()
          if (event.key === 'Escape') setText(known)
        }}
      />
      <button type="button" className="text-button" aria-label={`Forget ${name}`} onClick={onForget}>
        Forget
      </button>
    </li>
  )
}

function NewPreference({ onAdd }: { onAdd: (name: string, text: string) => Promise<boolean> }) {
  const form = useRef<HTMLFormElement>(null)
  return (
    <form
      ref={form}
      className="new-preference"
      onSubmit={(event) => {
        event.preventDefault()
        const data = new FormData(event.currentTarget)
        const [name, text] = ['preference', 'value'].map((field) => {
          const given = data.get(field)
          return typeof given === 'string' ? given.trim() : ''
        }) as [string, string]
        if (name === '' || text === '') return
        void onAdd(name, text).then((isDone) => isDone && form.current?.reset())
      }}
    >
      <input
        name="preference"
        aria-label="New preference"
        placeholder="Name"
        maxLength={100}
        autoComplete="off"
      />
      <input
        name="value"
        aria-label="Its value"
        placeholder="What to remember"
        maxLength={500}
        autoComplete="off"
      />
      <button type="submit" className="text-button strong">
        Note it
      </button>
    </form>
  )
}
