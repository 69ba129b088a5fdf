import type { Session } from '@sessions/core'
import { bindSession, forgetSession, getSession, getWritableSession, newSession } from '@sessions/next'
import { Suspense } from 'react'
import { codeOf } from '../../lib/answers'
import { chat } from '../../lib/chat'

/** Everything that a page must not do, as somebody without a compiler would write it. */
async function Attempts() {
  const session = (await getSession(chat)) as unknown as Session
  const caller = await chat.for()
  const codes = {
    append: await codeOf(() => session.append({ role: 'user', content: 'from a page' })),
    turn: await codeOf(async () => session.turn('hi', () => 'hi')),
    cart: await codeOf(() =>
      session.cart.add({ sku: 'A', name: 'A', price: { amount: 1, currency: 'EUR' } }),
    ),
    state: await codeOf(() => session.state.merge({ from: 'a page' })),
    preferences: await codeOf(() => session.preferences.merge({ from: 'a page' })),
    store: await codeOf(() => session.store()),
    writable: await codeOf(() => getWritableSession(chat)),
    fresh: await codeOf(() => newSession(chat)),
    bind: await codeOf(() => bindSession(chat)),
    forget: await codeOf(() => forgetSession(chat)),
    create: await codeOf(() => caller.create()),
    remove: await codeOf(() => caller.delete(session.id)),
  }
  return <p id="codes">{JSON.stringify(codes)}</p>
}

export default function Page() {
  return (
    <Suspense>
      <Attempts />
    </Suspense>
  )
}
