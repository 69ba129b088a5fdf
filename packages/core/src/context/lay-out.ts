import { type ContextBlock, factsBlock, openerBlock, recallBlock, summaryBlock } from './blocks.js'
import { inOrder } from './compose.js'
import { hashOf } from './hash.js'
import { type ContextMessage, type ContextPart, type ContextReport, droppedRanges } from './report.js'
import type { ContextChoice, ContextSituation } from './strategy.js'
import type { Repair } from './tool-calls.js'

/** A context, ready for a model, and a report of what is in it. */
export interface BuiltContext {
  /** In the order to send them. */
  readonly messages: readonly ContextMessage[]
  readonly tokens: number
  readonly report: ContextReport
}

/** A situation, what must be in, and what a strategy chose. */
export interface Layout extends ContextSituation {
  readonly maxTokens: number
  readonly replyTokens: number
  readonly system: string | undefined
  /** Groups at the head of the log that are instructions too. */
  readonly instructions: readonly number[]
  readonly choice: ContextChoice
  readonly repairs: readonly Repair[]
  readonly strategy: string
}

/** Puts what was chosen in the order a model reads it: what stays the same from call to call comes first. */
export function layOut(layout: Layout): BuiltContext {
  const { groups, latest, choice, countTokens, instructions } = layout
  const facts = choice.facts ?? []
  const summaries = choice.summaries ?? []
  const chosen = new Set([...layout.taken, ...(choice.history ?? [])])
  const recall = inOrder([...new Set(choice.recall)].filter((index) => !chosen.has(index)))
  const history = inOrder([...chosen].filter((index) => !instructions.includes(index)))

  const head: ContextMessage[] = []
  if (layout.system !== undefined) head.push(counted({ role: 'system', content: layout.system }, 'system'))
  for (const index of instructions) head.push(...ofGroup(index, 'system'))
  if (facts.length > 0) head.push(counted(factsBlock(facts), 'facts'))
  if (summaries.length > 0) head.push(counted(summaryBlock(summaries), 'summary'))
  const quoted = recall.map((index) => groups[index]!)
  const quotes = recall.length === 0 ? [] : [counted(recallBlock(quoted), 'recall')]
  const { opener, unasked } = firstSpeaker(history, [...head, ...quotes])

  const kept = history.filter((index) => !unasked.has(index))
  const before = [...head, ...opener]
  const since: ContextMessage[] = []
  for (const index of kept) {
    const into = latest !== undefined && index >= latest ? since : before
    into.push(...ofGroup(index, index === latest ? 'query' : 'history'))
  }
  const messages = [...before, ...quotes, ...since]

  const tokens = {
    system: 0,
    facts: 0,
    summary: 0,
    history: 0,
    recall: 0,
    query: 0,
    reply: layout.replyTokens,
  }
  for (const message of messages) tokens[message.part] += message.tokens
  const { boundary } = choice
  return {
    messages,
    tokens: sumOf(messages),
    report: {
      strategy: layout.strategy,
      tokens,
      kept: {
        history: [...instructions, ...kept].flatMap((index) => groups[index]!.seqs),
        recall: quoted.flatMap((group) => group.seqs),
        facts: facts.map((fact) => fact.id),
        summaries: summaries.map(({ from, to }) => ({ from, to })),
      },
      dropped: droppedRanges(layout, new Set([...instructions, ...kept, ...recall]), unasked),
      droppedFacts: layout.facts.filter((fact) => !facts.includes(fact)).map((fact) => fact.id),
      repairs: layout.repairs,
      ...(boundary === undefined ? {} : { boundary: { seq: boundary } }),
      boundaryMoved: boundary !== layout.boundary,
      prefixHash: hashOf(before.slice(0, head.length + 1).map(({ content }) => JSON.stringify(content))),
      prefixTokens: sumOf(before),
    },
  }

  function counted(block: ContextBlock, part: ContextPart): ContextMessage {
    return { ...block, tokens: countTokens(block), part }
  }

  function ofGroup(index: number, part: ContextPart): readonly ContextMessage[] {
    return groups[index]!.messages.map(({ role, content, name, tokens, seq }) => ({
      role,
      content,
      ...(name === undefined ? {} : { name }),
      tokens,
      ...(seq === undefined ? {} : { seq }),
      part,
    }))
  }

  /** Sees to it that a user speaks first, as some providers demand: says so in a word, or drops what has no question. */
  function firstSpeaker(history: readonly number[], others: readonly ContextMessage[]) {
    const opener: ContextMessage[] = []
    const unasked = new Set<number>()
    const first = history.find((index) => groups[index]!.role !== 'system')
    const isLed = head.some((message) => message.role === 'user')
    if (isLed || first === undefined || groups[first]!.role === 'user') return { opener, unasked }
    const made = counted(openerBlock, 'history')
    const spent = history.reduce((sum, index) => sum + groups[index]!.tokens, sumOf(others))
    if (spent + made.tokens + layout.replyTokens <= layout.maxTokens) return { opener: [made], unasked }
    for (const index of history) {
      if (groups[index]!.role === 'user') break
      unasked.add(index)
    }
    return { opener, unasked }
  }
}

function sumOf(messages: readonly ContextMessage[]): number {
  return messages.reduce((sum, message) => sum + message.tokens, 0)
}
