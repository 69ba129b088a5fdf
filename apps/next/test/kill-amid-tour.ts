import { expect } from 'vitest'
import { resumeTour, runTour } from '../src/tour.js'
import type { startChat } from './chat.js'

/** Kills the chat in the middle of a tour, which goes on when it is back. Resolves to what the first one printed. */
export async function killAmidTour(start: () => ReturnType<typeof startChat>): Promise<string> {
  const before = await start()
  const output = before.output()
  const lines: string[] = []
  const state = await runTour(before.url, (line) => lines.push(line))
  expect(lines.join('\n'), 'secrets are not shown').not.toMatch(/"secret":"[\w-]{8}/)
  await before.stop('SIGKILL')
  const after = await start()
  await resumeTour(after.url, state, () => {})
  await after.stop()
  return output
}
