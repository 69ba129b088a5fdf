import { getSession } from '@sessions/next'
import { Suspense } from 'react'
import { chat } from '../../lib/chat'
import { fresh, late, look, plainRename, plainSay, say, signIn, signOut } from './actions'

async function Shown() {
  const session = await getSession(chat)
  const { messages } = await session.history()
  const shown = { id: session.isStored ? session.id : null, said: messages.map(({ content }) => content) }
  return <p id="shown">{JSON.stringify(shown)}</p>
}

export default function Page() {
  const actions = { say, fresh, signIn, signOut, plainSay, plainRename }
  return (
    <>
      <Suspense>
        <Shown />
      </Suspense>
      {Object.entries(actions).map(([name, action]) => (
        <form key={name} id={name} action={action}>
          <input name="text" />
          <button>{name}</button>
        </form>
      ))}
      <form id="look" action={look} />
      <form id="late" action={late as never} />
    </>
  )
}
