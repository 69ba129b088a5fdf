import { expectTypeOf, it } from 'vitest'
import type { NextSessions, ReadonlySession } from '../src/index.js'
import { getSession, getWritableSession } from '../src/index.js'

/** A page that tries to write: compiled, never run. */
export async function page(chat: NextSessions): Promise<void> {
  const session = await getSession(chat)
  // @ts-expect-error A server component cannot append.
  await session.append({ role: 'user', content: 'hi' })
  // @ts-expect-error Nor have a message answered,
  session.turn('hi', () => 'hi')
  // @ts-expect-error nor change state,
  await session.state.merge({})
  // @ts-expect-error preferences
  await session.preferences.merge({})
  // @ts-expect-error or cart,
  await session.cart.clear()
  // @ts-expect-error nor delete it,
  await session.delete()
  // @ts-expect-error nor take its credential.
  await session.credential()
  const writable = await getWritableSession(chat)
  await writable.append({ role: 'user', content: 'hi' })
}

it('gives a page nothing to write with', () => {
  expectTypeOf<Extract<keyof ReadonlySession, 'append' | 'turn' | 'rename' | 'reset'>>().toBeNever()
  expectTypeOf<keyof ReadonlySession['cart']>().toEqualTypeOf<'get'>()
  expectTypeOf<keyof ReadonlySession['state']>().toEqualTypeOf<'get'>()
  expectTypeOf<keyof ReadonlySession['preferences']>().toEqualTypeOf<'get'>()
})
