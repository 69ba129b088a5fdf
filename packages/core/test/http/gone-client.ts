import { describe, expect, it } from 'vitest'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { until } from '../../src/testing/until.js'
import { listen } from './node-server.js'

/** Has a client leave at so many points of a stream. */
export function testGoneClient(points: number): void {
  describe('a client that goes away', () => {
    it(`at ${points} points of a stream: history ends in the message and one whole or aborted answer`, async () => {
      const api = apiFixture({ cancelOnDisconnect: true })
      const base = await listen(api)
      const client = new ApiClient((path, init) => fetch(base + path, init), 'acme/alice')
      for (let point = 0; point < points; point++) {
        const id = await client.newSession({ state: { go: point % 3 === 0 } })
        const gone = new AbortController()
        const bytes = Math.floor((point / points) * 900)
        let read = 0
        try {
          const response = await client.raw('POST', `/sessions/${id}/message?stream=true`, {
            body: { content: point % 2 === 0 ? 'slow' : 'a longer message to echo' },
            signal: gone.signal,
          })
          for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
            read += chunk.length
            if (read >= bytes) break
            if (point % 3 !== 0 && point % 2 === 0 && read > 200) break
          }
          gone.abort()
        } catch (error) {
          if (!gone.signal.aborted) throw error
        }
        await until(async () => (await client.get(`/sessions/${id}`)).body.session.turn === undefined)
        const lines = await client.lines(id)
        expect(lines, `point ${point}`).toHaveLength(2)
        expect(lines[0]).toMatch(/^user: .* \(completed\)$/)
        expect(lines[1]).toMatch(/^assistant: .* \((completed|aborted)\)$/)
      }
    })
  })
}
