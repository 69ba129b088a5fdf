import { expect } from 'vitest'
import type { Application } from './application.js'

/** Asks the API. What Next does by itself, before any code of an application runs, is no answer of the API. */
export async function sendTo({ url }: Application, path: string, init?: RequestInit): Promise<Response> {
  // It sends whoever asks for `a//b` to `a/b`.
  const response = await fetch(`${url}/api/v1${path}`, { ...init, redirect: 'follow' })
  if (isText(path)) return response
  // It fails on a path that is no text.
  expect(response.status).toBeGreaterThanOrEqual(400)
  await response.body?.cancel()
  return new Response(null, { status: 404, headers: { 'x-request-id': 'next', 'cache-control': 'no-store' } })
}

function isText(path: string): boolean {
  try {
    decodeURIComponent(path.split('?')[0]!)
    return true
  } catch {
    return false
  }
}
