import { memoryStore } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { wrapStore } from '@sessions/core/testing'
import { describe, expect, it } from 'vitest'
import { fuzz } from '../../src/fuzz/run.js'

type Plant = (api: SessionApi) => Pick<SessionApi, 'handle'>

const seed = 20_261_128

async function found(runs: number, plant: Plant): Promise<string> {
  const failures = await fuzz({ store: memoryStore(), runs, seed, plant })
  return failures.map(({ what }) => what).join('\n')
}

describe('the fuzzer finds', () => {
  it('an answer of 500', async () => {
    const plant: Plant = (api) => ({
      async handle(request) {
        const isOurs =
          request.method === 'POST' && /\/(?:rewind|fork|reset)$/.test(new URL(request.url).pathname)
        return isOurs
          ? api
              .handle(new Request(request.url, { method: 'POST', headers: { authorization: 'Bearer a/b' } }))
              .then(to500)
          : api.handle(request)
      },
    })
    expect(await found(60, plant)).toContain('answers 500')
  })

  it('a store that never answers in time, but not one that is late for once', async () => {
    const plant =
      (isLate: () => boolean): Plant =>
      (api) => ({
        handle: async (request) => (request.method === 'PATCH' && isLate() ? outage() : api.handle(request)),
      })
    let count = 0
    expect(
      await found(
        40,
        plant(() => ++count === 1),
      ),
    ).toBe('')
    expect(count).toBeGreaterThan(1)
    expect(
      await found(
        40,
        plant(() => true),
      ),
    ).toContain('answers 503: unavailable')
  })

  it('an answer that is no problem document', async () => {
    const plant: Plant = (api) => ({
      async handle(request) {
        const response = await api.handle(request)
        return response.status === 404
          ? new Response('gone', { status: 404, headers: response.headers })
          : response
      },
    })
    expect(await found(30, plant)).toContain('with no JSON: gone')
  })

  it('a request that hangs', async () => {
    const plant: Plant = (api) => ({
      handle: (request) => (request.method === 'DELETE' ? new Promise(() => {}) : api.handle(request)),
    })
    expect(await found(12, plant)).toContain('takes longer than 1000 ms')
  })

  it('a rejection that nobody handles', async () => {
    const plant: Plant = (api) => ({
      handle(request) {
        if (request.method === 'PATCH') void Promise.reject(new Error('planted'))
        return api.handle(request)
      },
    })
    expect(await found(40, plant)).toContain('planted')
  })

  it('an error of a verb that is none of ours', async () => {
    let writes = 0
    const broken = wrapStore(memoryStore(), async (method, call) => {
      if (method === 'commit' && ++writes % 40 === 0) throw new TypeError('planted')
      return call()
    })
    const failures = await fuzz({ store: broken, runs: 40, seed })
    expect(failures.map(({ what }) => what).join('\n')).toContain('TypeError: planted')
  })

  it('what a refused request has stored', async () => {
    const plant: Plant = (api) => ({
      async handle(request) {
        const { pathname, origin } = new URL(request.url)
        const id = /^\/sessions\/([\w-]+)/.exec(pathname)?.[1]
        const headers = { authorization: request.headers.get('authorization') ?? '' }
        const response = await api.handle(request)
        if (response.status === 400)
          await api.handle(new Request(`${origin}/sessions/${id}/cart`, { method: 'DELETE', headers }))
        return response
      },
    })
    expect(await found(60, plant)).toContain('has stored something')
  })
})

function to500(response: Response): Response {
  return new Response(response.body, { status: 500, headers: response.headers })
}

function outage(): Response {
  const headers = { 'content-type': 'application/problem+json', 'x-request-id': 'r' }
  const problem = { type: 'x', title: 'x', status: 503, code: 'unavailable', instance: 'urn:request:r' }
  return new Response(JSON.stringify(problem), { status: 503, headers })
}
