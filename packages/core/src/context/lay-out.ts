import { type ContextBlock, factsBlock, openerBlock, summaryBlock } from './blocks.js'
import { recallBlock } from './quotes.js'
import { joined, type PlacedMessage } from './alternation.js'
import { textOf } from '../domain/message.js'
import { hashOf } from '../hash.js'
import { copyJson } from '../json.js'
import type { IncludedBlock } from './included.js'
import { noAnswer } from './note.js'
import { wellFormed } from './well-formed.js'
import { type ContextMessage, type ContextPart, type ContextReport, droppedRanges } from './report.js'
import type { ContextChoice, ContextSituation } from './strategy.js'
import type { Repair } from './tool-calls.js'

/** A context, ready for a model, and a report of its content. */
export interface BuiltContext {
  /** In the order in which to send them. */
  readonly messages: readonly ContextMessage[]
  /** Of all messages together. */
  readonly tokens: number
  /** What was taken, what was left out, and why. */
  readonly report: ContextReport
}

/** A situation, its required parts, and the choice of a strategy. */
export interface Layout extends ContextSituation {
  /** Tokens that the choice did not use. */
  readonly spare: number
  readonly replyTokens: number
  readonly toolTokens: number
  readonly system: string | undefined
  /** Groups at the beginning of the log that are instructions too. */
  readonly instructions: readonly number[]
  readonly included: readonly IncludedBlock[]
  readonly choice: ContextChoice
  readonly repairs: readonly Repair[]
  readonly strategy: string
  readonly alternate: boolean
}

/**
 * Puts the chosen parts in the order for the model, step by step: parts that stay the same from call to call come first.
 */
export function* layingOut(layout: Layout): Generator<void, BuiltContext> {
  const { groups, latest, choice, countTokens, included } = layout
  const facts = choice.facts ?? []
  const summaries = choice.summaries ?? []
  const { history, recall, isIn } = yield* placing(layout)

  const head: PlacedMessage[] = []
  const leading = instructionsOf(layout)
  if (leading !== undefined) head.push(placed(leading, false))
  if (facts.length > 0) head.push(blockOf(factsBlock(facts), 'facts'))
  if (summaries.length > 0) head.push(blockOf(summaryBlock(summaries), 'summary'))
  const quoted = recall.map((index) => groups[index]!)
  const besides = included.map(({ part, role, content, tokens }) =>
    placed({ part, role, content, tokens }, true),
  )
  if (recall.length > 0) besides.push(blockOf(recallBlock(quoted), 'recall'))
  const { opener, unasked } = firstSpeaker()
  const answer = blockOf(noAnswer, 'history')

  const asked = history.filter((index) => !unasked.has(index))
  const answered = answeredIn(asked, layout.spare - sumOf(opener))
  const kept = asked.filter((index) => answered.get(index) !== 'left out')
  const isKept = (index: number): boolean =>
    isIn(index) && !unasked.has(index) && answered.get(index) !== 'left out'
  const before = [...head, ...opener]
  const since: PlacedMessage[] = []
  for (const index of kept) {
    const into = latest !== undefined && index >= latest ? since : before
    into.push(...ofGroup(index, index === latest ? 'query' : 'history'))
    if (answered.get(index) === 'here') into.push(answer)
    yield
  }
  const all = [...before, ...besides, ...since]
  yield

  const tokens: Record<ContextPart | 'tools' | 'reply', number> = {
    system: 0,
    facts: 0,
    summary: 0,
    history: 0,
    memory: 0,
    preferences: 0,
    cart: 0,
    state: 0,
    recall: 0,
    query: 0,
    tools: layout.toolTokens,
    reply: layout.replyTokens,
  }
  let sum = 0
  for (const { message } of all) {
    tokens[message.part] += message.tokens
    sum += message.tokens
  }
  yield
  const repairs = [...layout.repairs]
  const messages = joined(all, layout.alternate, repairs)
  yield
  const told = new Set(facts)
  const { boundary } = choice
  const dropped = yield* droppedRanges(layout, isKept, unasked)
  yield
  const seqs: number[] = []
  for (const indexes of [layout.instructions, kept]) {
    for (const index of indexes) {
      seqs.push(...groups[index]!.seqs)
      if (index % groupsPerStep === 0) yield
    }
  }
  yield
  return {
    messages,
    tokens: sum,
    report: {
      strategy: layout.strategy,
      tokens,
      kept: {
        history: seqs,
        recall: quoted.flatMap((group) => group.seqs),
        facts: facts.map((fact) => fact.id),
        summaries: summaries.map(({ from, to }) => ({ from, to })),
        included: included.map(({ part, isCut }) => ({ part, isCut })),
      },
      dropped,
      droppedFacts: layout.facts.filter((fact) => !told.has(fact)).map((fact) => fact.id),
      repairs,
      ...(boundary === undefined ? {} : { boundary: { seq: boundary } }),
      boundaryMoved: boundary !== layout.boundary,
      prefixHash: hashOf(
        before.slice(0, head.length + 1).map(({ message }) => JSON.stringify(message.content)),
      ),
      prefixTokens: sumOf(before),
    },
  }

  function blockOf(block: ContextBlock, part: ContextPart): PlacedMessage {
    const clean = { ...block, content: wellFormed(block.content) }
    return placed({ ...clean, tokens: countTokens(clean), part }, true)
  }

  function ofGroup(index: number, part: ContextPart): readonly PlacedMessage[] {
    const group = groups[index]!
    return group.messages.map(({ role, content, name, tokens, seq }) =>
      placed(
        {
          role,
          content,
          ...(name === undefined ? {} : { name }),
          tokens,
          ...(seq === undefined ? {} : { seq }),
          part,
        },
        // A system message that became a note.
        group.role === 'system',
      ),
    )
  }

  /**
   * Whether an answer must stand after results of tools whose own answer is left out, and a user speaks next; there is
   * room for it, or they are left out, too.
   */
  function answeredIn(chosen: readonly number[], room: number): ReadonlyMap<number, 'here' | 'left out'> {
    const answered = new Map<number, 'here' | 'left out'>()
    // Blocks are a user's; with a latest message of a user they stand before it.
    let isUserNext = latest === undefined && besides.length > 0
    for (const index of chosen.toReversed()) {
      const { messages } = groups[index]!
      if (isUserNext && messages.at(-1)!.role === 'tool') {
        const fits = answer.message.tokens <= room
        answered.set(index, fits ? 'here' : 'left out')
        if (!fits) continue
        room -= answer.message.tokens
      }
      isUserNext = messages[0]!.role === 'user'
    }
    return answered
  }

  /**
   * Makes the user speak first, as some providers require: adds a short user message, or drops an answer without its
   * question.
   */
  function firstSpeaker() {
    const opener: PlacedMessage[] = []
    const unasked = new Set<number>()
    const speaks = (index: number): boolean => groups[index]!.messages[0]!.role === 'user'
    const isLed = head.some(({ message }) => message.role === 'user')
    if (isLed || history.length === 0 || speaks(history[0]!)) return { opener, unasked }
    const made = blockOf(openerBlock, 'history')
    if (made.message.tokens <= layout.spare) return { opener: [made], unasked }
    for (const index of history) {
      if (speaks(index)) break
      unasked.add(index)
    }
    return { opener, unasked }
  }
}

// A group takes far below a microsecond.
const groupsPerStep = 1000
const asQuote = 1
const inHistory = 2
const asInstruction = 3

/** Which groups stay at their place and which are quoted, each ascending; step by step. */
function* placing({ groups, taken, choice, instructions }: Layout) {
  const places = new Uint8Array(groups.length)
  for (const index of choice.recall ?? []) places[index] = asQuote
  for (const index of choice.history ?? []) places[index] = inHistory
  yield
  for (const index of taken) {
    places[index] = inHistory
    if (index % groupsPerStep === 0) yield
  }
  for (const index of instructions) places[index] = asInstruction
  const history: number[] = []
  const recall: number[] = []
  for (let index = 0; index < places.length; index++) {
    if (places[index] === inHistory) history.push(index)
    else if (places[index] === asQuote) recall.push(index)
    if (index % groupsPerStep === 0) yield
  }
  return { history, recall, isIn: (index: number): boolean => places[index] !== 0 }
}

/** The one system message: the caller's instructions, and the system messages at the beginning of the log. */
function instructionsOf({ system, instructions, groups, countTokens }: Layout): ContextMessage | undefined {
  const own: ContextMessage[] = []
  if (system !== undefined) {
    const message = { role: 'system' as const, content: wellFormed(system) }
    own.push({ ...message, tokens: countTokens(message), part: 'system' })
  }
  for (const index of instructions) {
    for (const { content, tokens, seq, name } of groups[index]!.messages) {
      const given = { role: 'system' as const, content, tokens, part: 'system' as const }
      own.push({ ...given, ...(name === undefined ? {} : { name }), ...(seq === undefined ? {} : { seq }) })
    }
  }
  if (own.length < 2) return own[0]
  const content = own.map(textOf).join('\n\n')
  return { role: 'system', content, tokens: own.reduce((sum, { tokens }) => sum + tokens, 0), part: 'system' }
}

/** With parts of its own: a caller may change what it gets, and those of the log are kept for the next context. */
function placed(message: ContextMessage, isOurs: boolean): PlacedMessage {
  const { content } = message
  return {
    message: typeof content === 'string' ? message : { ...message, content: copyJson(content) },
    isOurs,
  }
}

function sumOf(messages: readonly PlacedMessage[]): number {
  return messages.reduce((sum, { message }) => sum + message.tokens, 0)
}
