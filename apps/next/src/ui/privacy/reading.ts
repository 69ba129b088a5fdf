import { cookies, headers } from 'next/headers'
import { SessionError } from '@sessions/core'
import type { ErasureReceipt } from '@sessions/core/privacy'
import { guestOf } from '../../server/caller.ts'
import {
  keepsConversations,
  type Purpose,
  readPurposes,
  readReceipt,
  receiptCookie,
} from '../../server/privacy.ts'
import { type ListView, type Read, reading, readList } from '../reading.ts'

/** All that the page “What we keep of you” shows. */
export interface KeptView {
  readonly guest: string
  readonly purposes: readonly Purpose[]
  readonly list: ListView
  /** Of everything that this browser has had deleted within the hour. */
  readonly receipt: ErasureReceipt | undefined
}

export async function readKept(cursor: string | undefined): Promise<Read<KeptView>> {
  return reading(async () => {
    const guest = guestOf({ headers: await headers() })
    const [purposes, list, receipt] = await Promise.all([
      readPurposes(guest),
      readList(cursor),
      readReceipt((await cookies()).get(receiptCookie)?.value),
    ])
    if (list.status !== 'ok') throw new SessionError('unavailable', 'The list cannot be read.')
    return { guest, purposes, list: list.value, receipt }
  })
}

/** Whether the visitor allows that conversations are kept. A store that cannot be reached is told elsewhere. */
export async function readKeeps(): Promise<boolean> {
  const read = await reading(async () => keepsConversations(guestOf({ headers: await headers() })))
  return read.status !== 'ok' || read.value
}
