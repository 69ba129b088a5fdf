import { expect, test } from 'vitest'
import { resumeTour, runTour } from '../src/tour.js'
import { startServer } from './server.js'

test('the tour runs, and resumes', async () => {
  const server = await startServer()
  const lines: string[] = []
  const state = await runTour(server.url, (line) => lines.push(line))
  await expect(resumeTour(server.url, { ...state, credential: 'x' }, () => {})).rejects.toThrow(
    'does not hold',
  )
  await resumeTour(server.url, state, (line) => lines.push(line))
  expect(lines.join('\n')).toContain('Back after a restart')
  expect(lines.join('\n')).not.toMatch(/"secret":"[\w-]{10}/)
  expect(server.errors).toEqual([])
  await server.close()
})
