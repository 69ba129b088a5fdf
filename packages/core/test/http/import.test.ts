import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { SessionApiOptions } from '../../src/http/api-options.js'
import { memoryStore } from '../../src/index.js'
import { apiFixture } from '../../src/testing.js'
import { service, startGate } from '../service.js'
import { listen } from './node-server.js'

const alice = { tenantId: 'acme', userId: 'alice' }
const settings = { credentialSecrets: ['a secret that only these tests may know'], consent: {} }
const jsonl = 'application/jsonl'

/** A service of its own, behind its API on a real socket. */
async function scene(options: Partial<SessionApiOptions> = {}) {
  const sessions = service({ store: memoryStore(), ...settings })
  const url = await listen(apiFixture({ sessions, ...options }))
  const send = async (
    who: string,
    body: string | ReadableStream<Uint8Array> | undefined,
    query = '',
    type = jsonl,
    more: Record<string, string> = {},
  ) => {
    const response = await fetch(`${url}/sessions/import${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${who}`, 'content-type': type, ...more },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  return { sessions, send }
}

/** An export of alice: two sessions of three messages. */
async function exported(): Promise<string> {
  const mine = service().for(alice)
  for (const title of ['One', 'Two']) {
    await mine.create({ title, messages: ['a', 'b', 'c'].map((content) => ({ role: 'user', content })) })
  }
  let text = ''
  for await (const line of mine.export()) text += line
  return text
}

describe('POST /sessions/import', () => {
  it('is there only where the application wants it', async () => {
    for (const importRoute of [undefined, false]) {
      const { send } = await scene({ importRoute } as Partial<SessionApiOptions>)
      expect((await send('acme/boss/admin', await exported())).status).toBe(405)
    }
  })

  it('hides no session whose id is the word in its path', async () => {
    const sessions = service({ store: memoryStore(), ...settings })
    await sessions.for(alice).create({ id: 'import', title: 'Mine' })
    const api = apiFixture({ sessions })
    const ask = async (method: string, who = 'acme/alice') => {
      const headers = { authorization: `Bearer ${who}` }
      return api.handle(new Request('https://api.test/sessions/import', { method, headers }))
    }
    expect(await (await ask('GET')).json()).toMatchObject({ session: { id: 'import', title: 'Mine' } })
    expect((await ask('PUT')).headers.get('allow')).toBe('POST, GET, HEAD, PATCH, DELETE, OPTIONS')
    expect((await ask('POST')).status).toBe(403)
    expect((await ask('DELETE')).status).toBe(200)
  })

  it('is for admins, whose import keeps whose the sessions are, or for a user whom they name', async () => {
    const text = await exported()
    const { sessions, send } = await scene()
    expect((await send('acme/alice', text)).status).toBe(403)
    expect((await send('acme/boss/admin', text)).body).toMatchObject({ import: { messages: 6 } })
    expect(await sessions.for(alice).count()).toBe(2)
    expect((await send('other/boss/admin', text, '?userId=bob')).status).toBe(200)
    expect(await sessions.for({ tenantId: 'other', userId: 'bob' }).count()).toBe(2)
    expect(await sessions.for({ tenantId: 'other', userId: 'alice' }).count()).toBe(0)
  })

  it('is for whom the application says, who get what they import', async () => {
    const text = await exported()
    const { sessions, send } = await scene({ importRoute: ({ userId }) => userId === 'bob' })
    expect((await send('acme/boss/admin', text)).status).toBe(403)
    expect((await send('acme/bob', text, '?userId=alice')).status).toBe(403)
    expect((await send('acme/bob', text)).status).toBe(200)
    expect(await sessions.for({ tenantId: 'acme', userId: 'bob' }).count()).toBe(2)
    expect(await sessions.for(alice).count()).toBe(0)
  })

  it('leaves whole sessions where the client hangs up, and goes on with the same import', async () => {
    const text = await exported()
    const { sessions, send } = await scene()
    const lines = text.split('\n')
    // Of the second session one message is missing.
    const cut = lines.slice(0, -3).join('\n')
    const first = () => expect.poll(() => sessions.for(alice).count()).toBe(1)
    const half = Readable.from(
      (async function* () {
        yield new TextEncoder().encode(cut)
        await first()
        throw new Error('the client hangs up')
      })(),
    )
    const hungUp = send('acme/boss/admin', Readable.toWeb(half) as ReadableStream<Uint8Array>)
    await expect(hungUp).rejects.toThrow()
    await first()
    const again = (await send('acme/boss/admin', text)).body['import'] as Record<string, unknown[]>
    expect([again['imported']!.length, again['skipped']!.length]).toEqual([1, 1])
    expect(await sessions.for(alice).count()).toBe(2)
  })

  it('reads no further than the store has taken it', async () => {
    const inner = memoryStore()
    const gate = startGate()
    const reached = startGate()
    const sessions = service({
      ...settings,
      store: {
        ...inner,
        async restore(ref, copy) {
          reached.open()
          await gate.opened
          return inner.restore(ref, copy)
        },
      },
    })
    const [manifest, session, message] = (await exported()).split('\n') as [string, string, string]
    const content = 'x'.repeat(100_000)
    let given = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          given++
          const said = { ...(JSON.parse(message) as object), id: `m${given}`, seq: given - 2, content }
          const large = { ...(JSON.parse(session) as object), lastSeq: 90_000, bytes: 9e7 }
          const line = given === 1 ? manifest : JSON.stringify(given === 2 ? large : said)
          controller.enqueue(new TextEncoder().encode(`${line}\n`))
          if (given > 1000) controller.error(new Error('the client hangs up'))
        },
      },
      { highWaterMark: 0 },
    )
    const request = new Request('https://api.test/sessions/import', {
      method: 'POST',
      headers: { authorization: 'Bearer acme/boss/admin', 'content-type': jsonl },
      body,
      duplex: 'half',
    })
    const answering = apiFixture({ sessions }).handle(request)
    await reached.opened
    const before = given
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
    expect(given).toBe(before)
    // A page of the store is 4 MiB.
    expect(before).toBeLessThan(60)
    gate.open()
    expect((await answering).status).toBe(422)
  })

  it('says which line is wrong, and where in it', async () => {
    const text = await exported()
    const { send } = await scene()
    const wrong = async (body: string | undefined) => {
      const { status, body: problem } = await send('acme/boss/admin', body)
      return [status, problem['code'], problem['path']]
    }
    expect(await wrong(text.replace('"role":"user"', '"role":"god"'))).toEqual([
      422,
      'unprocessable',
      'lines[3].role',
    ])
    expect(await wrong('no json')).toEqual([422, 'unprocessable', 'lines[1]'])
    expect(await wrong(undefined)).toEqual([422, 'unprocessable', 'lines[1]'])
    expect(await wrong(`{"type":"${'x'.repeat(3_000_000)}"}`)).toEqual([413, 'too_large', 'line'])
    expect((await send('acme/boss/admin', text, '', 'application/json')).status).toBe(415)
  })

  it('brings nothing back of a user who was erased, or who allows no storage', async () => {
    const text = await exported()
    const { sessions, send } = await scene()
    await sessions.privacy.erase({ ...alice, by: 'alice', reason: 'article 17' })
    const bob = { tenantId: 'acme', userId: 'bob' }
    await sessions.consent.set(bob, { purpose: 'storage', granted: false, version: '1', source: 'page' })
    for (const [query, status, code] of [
      ['', 410, 'user_erased'],
      ['?userId=alice', 410, 'user_erased'],
      ['?userId=bob', 403, 'consent_missing'],
    ] as const) {
      const refused = await send('acme/boss/admin', text, query)
      expect([refused.status, refused.body['code']]).toEqual([status, code])
    }
    expect(await sessions.for({ tenantId: 'acme', roles: ['admin'] }).count()).toBe(0)
    // Where nobody has said anything, what the application says holds.
    const strict = service({ ...settings, consent: { unsaid: { storage: false } } })
    const refused = strict.import(text, { tenantId: 'acme' })
    await expect(refused).rejects.toMatchObject({ code: 'consent_missing', path: 'storage' })
  })
})

it('brings no preferences of a user who allows none', async () => {
  const elsewhere = await service()
    .for(alice)
    .create({ preferences: { budget: 1 } })
  let text = ''
  for await (const line of elsewhere.export()) text += line
  const { sessions, send } = await scene()
  await sessions.consent.set(alice, {
    purpose: 'personalization',
    granted: false,
    version: '1',
    source: 'page',
  })
  const { status, body } = await send('acme/boss/admin', text)
  expect([status, body['code'], body['path']]).toEqual([403, 'consent_missing', 'personalization'])
  expect(await sessions.for(alice).count()).toBe(0)
})

describe('sessions.import', () => {
  it('gives the sessions to a user, or leaves them whose they are', async () => {
    const text = await exported()
    const sessions = service()
    const bob = { tenantId: 'other', userId: 'bob' }
    expect((await sessions.import(text, bob)).imported).toHaveLength(2)
    expect(await sessions.for(bob).count()).toBe(2)
    expect((await sessions.import(text, { tenantId: 'third' })).imported).toHaveLength(2)
    expect(await sessions.for({ tenantId: 'third', userId: 'alice' }).count()).toBe(2)
  })

  it('refuses what is no place', async () => {
    const sessions = service()
    for (const wrong of [{}, { tenantId: '' }, { tenantId: 'acme', user: 'bob' }, undefined]) {
      await expect(sessions.import('', wrong as never)).rejects.toMatchObject({ code: 'invalid' })
    }
  })
})

it('takes no compressed export', async () => {
  const { send } = await scene()
  const answer = await send('acme/boss/admin', await exported(), '', jsonl, { 'content-encoding': 'gzip' })
  expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
})
