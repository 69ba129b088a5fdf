import {
  type Respond,
  type Session,
  type SessionsOptions,
  textOf,
  type TurnEvent,
  type TurnPart,
} from '../../src/index.js'
import { alice, service, startGate } from '../service.js'

export const echo: Respond = ({ input }) => `You said ${textOf({ content: input })}`
export const fast = { heartbeatMs: 20, flushMs: 5 }

export const opened = (options: SessionsOptions = {}) =>
  service({ turns: fast, ...options })
    .for(alice)
    .open('one')

export const lines = async (session: Session) =>
  (await session.history({ limit: 1000 })).messages.map(
    ({ role, content, status }) =>
      `${role}: ${typeof content === 'string' ? content : JSON.stringify(content)} (${status})`,
  )

export async function all(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const found: TurnEvent[] = []
  for await (const event of events) found.push(event)
  return found
}

/** Says `word` piece by piece, and waits at each for the gate. */
export const gated = (word: string) => {
  const begun = startGate()
  const gate = startGate()
  const respond: Respond = async function* () {
    yield word.slice(0, 2)
    begun.open()
    await gate.opened
    yield word.slice(2)
  }
  return { respond, begun: begun.opened, open: gate.open }
}

/** What is told of an answer of these events, but for its beginning and its end. */
export async function told(events: readonly unknown[]): Promise<object[]> {
  const session = await opened({ onWarning: () => {} })
  const turn = session.turn('Hi', () => events as TurnPart[])
  return (await all(turn)).slice(1, -1).map((event) => {
    const { n: _, ...part } = event
    return part
  })
}

/** Answers, and says that it used so many tokens, and so much money. */
export const uses =
  (inputTokens: number, costMicros = 0): Respond =>
  () => [{ type: 'usage', inputTokens, costMicros }, 'ok']
