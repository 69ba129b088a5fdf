import { decodeBody, type UsageTotals } from '../../domain/session-body.js'
import { type Message, textOf } from '../../domain/message.js'
import type { SessionRecord } from '../../contract/session-record.js'
import type { Identity } from '../../domain/identity.js'
import type { Service } from '../../service/service.js'
import type { Session } from '../../session.js'
import { justRead, liveSessionOf } from '../../session/live-of.js'
import { mapInSlices } from '../../async/slices.js'
import type { ApiConfig } from '../api-options.js'
import { messageView, sessionView } from '../views.js'

type Shows = Pick<ApiConfig, 'exposeToolResults' | 'isCompat'>

// UTF-16 units of JSON that the messages of one reply take; a page more at most.
const maxShown = 4 * 1024 * 1024
const noTotals: UsageTotals = { turns: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 }

/** The tenant, as replies of `unified-llm-client` contain it. */
export function tenantOf({ isCompat }: Pick<ApiConfig, 'isCompat'>, { tenantId }: Identity) {
  return isCompat ? { tenantId } : {}
}

/**
 * A session with all its messages, as every reply of `unified-llm-client` contains it. Of a very long conversation the
 * newest 4 MiB are shown, and a cursor to page back from.
 */
export async function seedView(
  { api }: { readonly api: Shows },
  session: Session,
  include: readonly string[] = [],
) {
  const view = (message: Message) => {
    const shown = messageView(message, api)
    return { shown, size: JSON.stringify(shown).length }
  }
  const messages: object[] = []
  let size = 0
  let first: Message | undefined
  let before: number | undefined
  do {
    const page = await session.history({ limit: 1000, ...(before === undefined ? {} : { before }) })
    const views = await mapInSlices(page.messages, view)
    messages.unshift(...views.map(({ shown }) => shown))
    size = views.reduce((sum, each) => sum + each.size, size)
    first = page.messages[0] ?? first
    before = page.before
  } while (before !== undefined && size < maxShown)
  // The client shows the instructions, however long ago they were given.
  if (before !== undefined) {
    ;[first] = (await session.history({ limit: 1, after: 0 })).messages
    if (first?.role === 'system') messages.unshift(view(first).shown)
  }
  const turnId = await justRead(session).currentTurn()
  const live = liveSessionOf(session, 'session')
  const { record, body } = live.seen ?? (await live.load())
  return {
    ...sessionView(record, turnId),
    tenantId: record.tenantId,
    ...(first?.role === 'system' ? { system: textOf(first) } : {}),
    ...modelOf(body.usage),
    totals: totalsOf(body.usage),
    ...(include.includes('usage') ? { usage: null } : {}),
    messages,
    ...(before === undefined ? {} : { previousCursor: String(before) }),
  }
}

/** What a list tells of each session in addition: read from the sessions themselves, one call each. */
export async function seedItems(
  { store }: Pick<Service, 'store'>,
  records: readonly SessionRecord[],
): Promise<object[]> {
  return Promise.all(
    records.map(async (record) => {
      const stored = await store.read(record)
      const usage = stored === undefined ? undefined : usageOf(stored.body)
      const { costUSD: totalCostUSD } = totalsOf(usage)
      return { tenantId: record.tenantId, version: record.changes, totalCostUSD, ...modelOf(usage) }
    }),
  )
}

function usageOf(text: string): UsageTotals | undefined {
  try {
    return decodeBody(text).usage
  } catch {
    // A session that nobody can read is listed all the same.
    return undefined
  }
}

function modelOf({ model, provider }: Partial<UsageTotals> = {}) {
  return { ...(model === undefined ? {} : { model }), ...(provider === undefined ? {} : { provider }) }
}

function totalsOf(usage: UsageTotals = noTotals) {
  const { inputTokens, outputTokens, costMicros, cachedInputTokens = 0, reasoningTokens = 0 } = usage
  return {
    cachedTokens: cachedInputTokens,
    costUSD: costMicros / 1_000_000,
    inputTokens,
    outputTokens,
    reasoningTokens,
  }
}
