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
    {
      title: 'an admin imports what was exported: it is the same again, and comes in once',
      async run(client) {
        const [alice, tenant] = [client.somebody(), `t-${newId()}`]
        const id = await alice.newSession({ title: 'Phones', state: { phase: 1 } })
        await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'Hi 🙂' }, { content: 'Two' }] })
        await alice.post(`/sessions/${id}/rewind`, { toSeq: 1 })
        await alice.post(`/sessions/${id}/messages`, { messages: [{ content: 'Three' }] })
        const { text } = await read(alice, '/users/alice/export')
        const boss = client.as(`${tenant}/boss/admin`)
        const send = (body: string) =>
          boss.send('POST', '/sessions/import', { body, headers: { 'content-type': 'application/jsonl' } })
        const leftOff = { imported: 0, skipped: 0 }
        const first = await send(text)
        expect([first.status, first.body]).toEqual([
          200,
          { import: { imported: [id], skipped: [], leftOff, messages: 3 } },
        ])
        expect((await send(text)).body).toEqual({
          import: { imported: [], skipped: [id], leftOff, messages: 0 },
        })
        const again = await read(client.as(`${tenant}/alice`), '/users/alice/export')
        const said = (lines: string) =>
          linesOf(lines).filter(({ type }) => type === 'session' || type === 'message')
        expect(said(again.text)).toEqual(said(text))
      },
    },
    {
      title: 'an import is refused to others, in other formats, and where a line is wrong',
      async run(client) {
        const tenant = `t-${newId()}`
        const alice = client.as(`${tenant}/alice`)
        const id = await alice.newSession()
        const { text } = await read(alice, `/sessions/${id}/export`)
        const send = (token: string | undefined, body: string, type = 'application/jsonl') =>
          client.as(token).send('POST', '/sessions/import', { body, headers: { 'content-type': type } })
        expect((await send(`${tenant}/alice`, text)).status).toBe(403)
        expect((await send(undefined, text)).status).toBe(401)
        const boss = `t-${newId()}/boss/admin`
        expect((await send(boss, text, 'text/plain')).status).toBe(415)
        const [manifest, session] = text.split('\n')
        const wrong = await send(
          boss,
          [manifest, session!.replace('"lastSeq":0', '"lastSeq":"0"')].join('\n'),
        )
        expect([wrong.status, wrong.body.code, wrong.body.path]).toEqual([
          422,
          'unprocessable',
          'lines[2].lastSeq',
        ])
        const half = await send(boss, [manifest, session].join('\n'))
        expect([half.status, half.body.path]).toEqual([422, 'lines[3]'])
      },
    },
  ],
}
