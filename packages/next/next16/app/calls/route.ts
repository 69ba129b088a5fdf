import { connection } from 'next/server'
import { notes } from '../../lib/notes'
import { calls } from '../../lib/store'

const cacheKey: unique symbol = Symbol.for('test:cache-seen') as never

/** What the store was asked, what was noted, and what was cached, since somebody looked. */
export async function GET() {
  await connection()
  const { [cacheKey]: cached = [] } = globalThis as { [cacheKey]?: string[] }
  return Response.json({ calls: calls.splice(0), notes: notes.splice(0), cached })
}
