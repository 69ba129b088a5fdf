'use client'

import Link from 'next/link'
import { useState, useSyncExternalStore } from 'react'

interface Props {
  readonly to: string
  readonly actions: Readonly<Record<string, (form: FormData) => Promise<void>>>
}

const neverChanges = () => () => {}

function pressed(name: string): FormData {
  const form = new FormData()
  form.set('text', name)
  return form
}

/** What a browser can press, once the scripts are at work; it says which action has come back last. */
export function Controls({ to, actions }: Props) {
  const [done, setDone] = useState<string>()
  const isAwake = useSyncExternalStore(
    neverChanges,
    () => true,
    () => false,
  )
  if (!isAwake) return null
  return (
    <>
      <Link href={to}>the other page</Link>
      {Object.entries(actions).map(([name, action]) => (
        <button key={name} onClick={() => void action(pressed(name)).then(() => setDone(name))}>
          {name}
        </button>
      ))}
      <output>{done}</output>
    </>
  )
}
