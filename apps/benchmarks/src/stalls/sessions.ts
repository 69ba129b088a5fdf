import type { CallerSessions, MessageInput, Session } from '@sessions/core'
import { texts } from './texts.js'

/** A session that is dear to work on, within the limits that are there unasked. */
export interface DearSession {
  readonly name: string
  readonly fill: (session: Session) => Promise<void>
}

async function append(session: Session, count: number, make: (index: number) => MessageInput): Promise<void> {
  const most = 100
  for (let from = 0; from < count; from += most) {
    await session.append(
      Array.from({ length: Math.min(most, count - from) }, (_, index) => make(from + index)),
    )
  }
}

export const dearSessions: readonly DearSession[] = [
  {
    name: '10,000 messages',
    fill: (session) =>
      append(session, 10_000, (index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: `w${index} I like phones of colour ${index % 97}, and w${index * 31} costs ${index} EUR`,
      })),
  },
  {
    name: '99,000 messages',
    fill: (session) =>
      append(session, 99_000, (index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: `w${index} costs ${index % 97} EUR`,
      })),
  },
  {
    name: '100 MB of tool results',
    async fill(session) {
      const rows = JSON.stringify(
        Array.from({ length: 2500 }, (_, index) => ({
          id: index,
          name: `row ${index * 7919}`,
          price: index / 3,
        })),
      )
      const output = rows.repeat(Math.ceil(200_000 / rows.length)).slice(0, 200_000)
      for (let index = 0; index < 450; index++) {
        const toolCallId = `c${index}`
        await session.append([
          { role: 'user', content: `Find ${index}` },
          {
            role: 'assistant',
            content: [{ type: 'tool-call', toolCallId, toolName: 'find', input: { index } }],
          },
          { role: 'tool', content: [{ type: 'tool-result', toolCallId, output }] },
          { role: 'assistant', content: `Found ${index}` },
        ])
      }
    },
  },
  {
    name: 'a chain of 2,000 tool calls',
    async fill(session) {
      await session.append({ role: 'user', content: 'Go on until it is done' })
      for (let from = 0; from < 2000; from += 50) {
        const steps = Array.from({ length: 50 }, (_, index): MessageInput[] => {
          const toolCallId = `c${from + index}`
          return [
            {
              role: 'assistant',
              content: [{ type: 'tool-call', toolCallId, toolName: 'step', input: { index } }],
            },
            {
              role: 'tool',
              content: [
                {
                  type: 'tool-result',
                  toolCallId,
                  output: { rows: Array.from({ length: 50 }, (__, row) => row) },
                },
              ],
            },
          ]
        })
        await session.append(steps.flat())
      }
    },
  },
  ...Object.entries(texts).map(([name, text]): DearSession => ({
    name: `6 messages of ${name}`,
    async fill(session) {
      for (let index = 0; index < 6; index++)
        await session.append({ role: index % 2 === 0 ? 'user' : 'assistant', content: text })
      await session.append({ role: 'user', content: 'And now?' })
    },
  })),
  {
    name: 'a full body',
    async fill(session) {
      await session.append({ role: 'user', content: 'Hi' })
      const facts = Array.from({ length: 100 }, (_, index) => ({
        text: `fact ${index} `.repeat(20),
        subject: `s${index}`,
      }))
      await session.remember(...facts)
      await session.state.merge({
        many: Array.from({ length: 2400 }, (_, index) => index % 10),
        text: 'x'.repeat(15_000),
      })
      for (let index = 0; index < 40; index++) {
        await session.cart.add({
          sku: `s${index}`,
          name: 'n'.repeat(100),
          price: { amount: index, currency: 'EUR' },
        })
      }
    },
  },
]

export async function makeDear(mine: CallerSessions, { name, fill }: DearSession): Promise<Session> {
  const session = await mine.open(name)
  await fill(session)
  return session
}
