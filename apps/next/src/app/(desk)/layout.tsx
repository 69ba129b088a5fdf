import type { ReactNode } from 'react'
import { Desk } from '../../ui/desk/desk.tsx'
import { readLook } from '../../ui/look.ts'
import { readList } from '../../ui/reading.ts'

export default async function DeskLayout({ children }: { children: ReactNode }) {
  const [look, list] = await Promise.all([readLook(), readList()])
  return (
    <Desk
      {...look}
      first={list.status === 'ok' ? list.value : { sessions: [], cursor: undefined }}
      isUnavailable={list.status !== 'ok'}
    >
      {children}
    </Desk>
  )
}
