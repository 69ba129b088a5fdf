'use server'

import {
  bindSession,
  forgetSession,
  getSession,
  getWritableSession,
  newSession,
  sessionAction,
} from '@sessions/next'
import { cookies } from 'next/headers'
import { codeOf, textIn } from '../../lib/answers'
import { chat } from '../../lib/chat'
import { notes } from '../../lib/notes'

export const say = sessionAction(chat, async (session, form: FormData) => {
  await session.append({ role: 'user', content: textIn(form) })
})

export const look = sessionAction(chat, async (session) => {
  notes.push(`looked: ${session.isStored}`)
})

export const fresh = sessionAction(chat, async (_, form: FormData) => {
  const session = await newSession(chat)
  await session.append({ role: 'user', content: textIn(form) })
})

export const signIn = sessionAction(chat, async (_, form: FormData) => {
  const jar = await cookies()
  jar.set('user', textIn(form))
  const session = await bindSession(chat)
  notes.push(`bound to ${session.record.userId}`)
})

export const signOut = sessionAction(chat, async () => {
  const jar = await cookies()
  jar.delete('user')
  await forgetSession(chat)
})

/** An action as Next knows them, which asks for the session itself. */
export async function plainSay(form: FormData): Promise<void> {
  const session = await getWritableSession(chat)
  await session.append({ role: 'user', content: textIn(form) })
}

export async function plainLook(): Promise<void> {
  const session = await getSession(chat)
  notes.push(`looked: ${session.isStored}`)
}

export async function plainRename(form: FormData): Promise<void> {
  const session = await getWritableSession(chat, textIn(form))
  await session.edit({ title: 'renamed by an action' })
}

/** Its result is a stream, which writes when the response has long begun. */
export const late = sessionAction(chat, async (session) => {
  const source = {
    async pull(controller: ReadableStreamDefaultController<string>) {
      const code = await codeOf(() => session.append({ role: 'user', content: 'too late' }))
      notes.push(`late: ${code}`)
      controller.enqueue(code)
      controller.close()
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
})
