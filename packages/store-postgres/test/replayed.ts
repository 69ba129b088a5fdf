import { readFile } from 'node:fs/promises'
import type { Sessions } from '@sessions/core'

/** A recorded talk, as a line of a file of `npm run replay`. */
export interface Dialogue {
  readonly id: string
  readonly services?: readonly string[]
  readonly turns: readonly { readonly role: string; readonly content: string }[]
}

/** What a million tokens cost: in numbers that are summed up without a table of prices. */
export const prices = [
  { pattern: '*', currency: 'USD', perMillion: { input: '1', output: '2.000001' } },
] as const

/** The dialogues of a file of JSON lines; without a file some that are made up. */
export async function readDialogues(file: string | undefined): Promise<readonly Dialogue[]> {
  if (file !== undefined)
    return (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Dialogue)
  const services = ['Restaurants', 'Hotels', '=Flights', 'Музыка']
  const topics = ['paella', 'breakfast', 'window seat', 'Klavier', '手机', 'телефоны']
  return Array.from({ length: 48 }, (_, index) => ({
    id: `made up ${index}`,
    services: [services[index % 4]!, services[(index * 3 + 1) % 4]!],
    turns: Array.from({ length: 1 + ((index * 5) % 9) }, (_each, turn) => ({
      role: turn % 2 === 0 ? 'user' : 'assistant',
      content: `${topics[(index + turn) % 6]} and ${topics[(index * turn) % 6]}, number ${index * turn}`,
    })),
  }))
}

/**
 * Plays dialogues, each as a session of one of forty users, some at once. May be called again after a process died over
 * it: what was said is not said again. It stands on its own, so that another process may have it as a text.
 */
export async function play(
  sessions: Sessions,
  tenantId: string,
  dialogues: readonly Dialogue[],
  said: () => void,
): Promise<void> {
  const phaseOf = ({ services = ['talk'], turns }: Dialogue, turn: number) =>
    turn * 2 < turns.length ? services[0]! : services.at(-1)!
  const one = async (dialogue: Dialogue, index: number): Promise<void> => {
    const { id, services = ['talk'], turns } = dialogue
    const session = await sessions
      .for({ tenantId, userId: `user ${index % 40}` })
      .open(id, { label: services[0]! })
    const stored = new Set((await session.allMessages()).map((message) => message.id))
    for (const [turn, { role, content }] of turns.entries()) {
      const key = `${id}.${turn}`
      if (role !== 'user' || stored.has(key)) continue
      await session.state.merge({ phase: phaseOf(dialogue, turn) })
      await session.preferences.merge({ service: services[0]! })
      const reply = turns[turn + 1]?.role === 'assistant' ? turns[turn + 1]!.content : 'Yes'
      for (;;) {
        try {
          await session.turn({ id: key, content }, async function* () {
            yield {
              type: 'usage',
              inputTokens: content.length,
              outputTokens: reply.length,
              provider: 'local',
              model: services.at(-1)!,
            }
            yield reply
          }).result
          break
        } catch (error) {
          // A process that died has left its turn.
          if ((error as { code?: string }).code !== 'turn_in_progress') throw error
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
      said()
    }
    const has = (await session.cart.get()).items.length > 0 || (await session.orders()).length > 0
    const price = { amount: 100 + index, currency: index % 3 === 0 ? 'USD' : 'EUR' }
    if (index % 2 === 0 && !has) await session.cart.add({ sku: 'P', name: 'P', price })
    if (index % 4 === 0 && (await session.orders()).length === 0) await session.cart.checkout()
  }
  const waiting = [...dialogues.entries()]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await one(next[1], next[0])
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

/** A turn that was paid, as a recount knows it. */
export interface Paid {
  readonly session: string
  readonly user: string
  readonly model: string
  readonly label: string
  readonly input: number
  readonly output: number
}

/** What a session came to, as a recount knows it. */
export interface Talk {
  readonly id: string
  readonly user: string
  readonly questions: readonly string[]
  readonly answers: number
  readonly stage: number
  readonly value: Readonly<Record<string, number>>
  readonly phases: readonly string[]
  readonly segment: string | undefined
}

/** What the file alone says must come out when no process dies. */
export function expectedOf(dialogues: readonly Dialogue[]): { talks: Talk[]; paid: Paid[] } {
  const talks: Talk[] = []
  const paid: Paid[] = []
  for (const [index, { id, services = ['talk'], turns }] of dialogues.entries()) {
    const user = `user ${index % 40}`
    const asked = turns.flatMap(({ role, content }, turn) => (role === 'user' ? [{ turn, content }] : []))
    const phases: string[] = []
    for (const { turn, content } of asked) {
      const phase = turn * 2 < turns.length ? services[0]! : services.at(-1)!
      if (phases.at(-1) !== phase) phases.push(phase)
      const next = turns[turn + 1]
      const reply = next?.role === 'assistant' ? next.content : 'Yes'
      const tokens = { input: content.length, output: reply.length }
      paid.push({ session: id, user, model: services.at(-1)!, label: services[0]!, ...tokens })
    }
    const value = index % 4 === 0 ? { [index % 3 === 0 ? 'USD' : 'EUR']: 100 + index } : {}
    talks.push({
      id,
      user,
      questions: asked.map(({ content }) => content),
      answers: asked.length,
      stage: asked.length === 0 ? 0 : index % 4 === 0 ? 3 : index % 2 === 0 ? 2 : 1,
      value,
      phases,
      segment: asked.length === 0 ? undefined : services[0],
    })
  }
  return { talks, paid }
}
