import { expect } from 'vitest'
import { newId } from '../../ids.js'
import type { ApiChapter, ApiClient } from '../api-case.js'

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

async function read(client: ApiClient, path: string, headers: Record<string, string> = {}) {
  const response = await client.raw('GET', path, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

export const exportCases: ApiChapter = {
  title: 'exports',
  cases: [
    {
      title: 'a session is lines of JSON, whose last one says that they are all',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        await alice.post(`/sessions/${id}/messages`, { messages: [{ role: 'user', content: 'Hi 🙂' }] })
        const { status, headers, text } = await read(alice, `/sessions/${id}/export`)
        expect([status, headers.get('content-type')]).toEqual([200, 'application/jsonl'])
        const lines = linesOf(text)
        expect(lines.map(({ type }) => type)).toEqual(['manifest', 'session', 'message', 'end'])
        expect(lines[2]).toMatchObject({ seq: 1, role: 'user', content: 'Hi 🙂' })
        expect(lines[3]).toMatchObject({ sessions: 1, messages: 1 })
      },
    },
    {
      title: 'a session is Markdown for who asks for it',
      async run(client) {
        const alice = client.somebody()
        const id = await alice.newSession()
        await alice.post(`/sessions/${id}/messages`, { messages: [{ role: 'user', content: 'Hi' }] })
        const asked = await read(alice, `/sessions/${id}/export?format=markdown`)
        const accepted = await read(alice, `/sessions/${id}/export`, { accept: 'text/markdown' })
        expect(accepted.text).toBe(asked.text)
        expect(accepted.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
        expect(asked.text).toContain('## user')
        expect((await alice.get(`/sessions/${id}/export?format=pdf`)).status).toBe(400)
      },
    },
    {
      title: 'a user gets all that is theirs, and nobody else does',
      async run(client) {
        const tenant = `t-${newId()}`
        const [alice, bob] = [client.as(`${tenant}/alice`), client.as(`${tenant}/bob`)]
        const ids = [await alice.newSession(), await alice.newSession()]
        await bob.newSession()
        const path = '/users/alice/export'
        const lines = linesOf((await read(alice, path)).text)
        const sessions = lines.filter(({ type }) => type === 'session')
        expect(sessions.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
        expect((await bob.get(path)).status).toBe(403)
        expect((await bob.get(`/sessions/${ids[0]}/export`)).status).toBe(404)
        expect((await client.as().get(path)).status).toBe(401)
      },
    },
  ],
}
