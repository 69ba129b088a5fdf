import { describe, expect, it } from 'vitest'
import { copySessions, memoryStore, type SessionsOptions } from '../src/index.js'
import { createSessionApi, type SessionApiOptions } from '../src/http.js'
import { webhookListener } from '../src/listeners.js'
import { admin, alice, service } from './service.js'

// Types refuse such functions, and JavaScript does not. Of the rejected promises each would end the process.
const late: [string, (value: unknown) => Promise<unknown>][] = [
  ['settles', async (value) => value],
  ['rejects', async () => Promise.reject(new Error('down'))],
]

describe.each(late)('a function of the application that gives a promise which %s', (_, later) => {
  const refused = { name: 'TypeError', message: expect.stringContaining('promise') }

  it('lets no admin read', async () => {
    const sessions = service({ adminReads: () => later(true) as never })
    const { id } = await sessions
      .for(alice)
      .create({ title: 'secret', messages: [{ role: 'user', content: 'Hi' }] })
    const theirs = sessions.for(admin)
    await expect(theirs.list()).rejects.toMatchObject(refused)
    await expect(theirs.get(id).then((session) => session.history())).rejects.toMatchObject(refused)
  })

  it('sends no transfer to a page that nobody has named', async () => {
    const options: SessionsOptions = { transfers: { url: () => later('https://x.example') as never } }
    const session = await service(options).for(alice).create()
    await expect(session.transfer({ mode: 'move' })).rejects.toMatchObject(refused)
  })

  it('is no period of retention', async () => {
    const sweep = service({ retention: () => later({}) as never }).sweep({ tenants: ['acme'] })
    await expect(sweep).rejects.toMatchObject({ code: 'invalid', path: 'retention' })
  })

  it('chooses no session for a copy, and no event for a webhook', async () => {
    const from = memoryStore()
    await service({ store: from }).for(alice).create()
    const filter = () => later(false) as never
    await expect(copySessions(from, memoryStore(), { tenants: ['acme'], filter })).rejects.toMatchObject(
      refused,
    )
    const url = 'http://127.0.0.1:9'
    const listener = webhookListener({
      url,
      secrets: [`whsec_${'A'.repeat(32)}`],
      isSent: () => later(true) as never,
    })
    const warnings: unknown[] = []
    const sessions = service({ listeners: [listener], onWarning: (warning) => void warnings.push(warning) })
    await sessions.for(alice).create()
    await sessions.close()
    expect(warnings).toMatchObject([{ code: 'listener_failed', cause: refused }])
  })

  it.each<[string, Partial<Record<keyof SessionApiOptions, unknown>>, string, RequestInit]>([
    [
      'imports nothing',
      { importRoute: () => later(true) },
      '/sessions/import',
      { method: 'POST', body: '{}' },
    ],
    [
      'lets no client name an address',
      { clientUrls: () => later(true) },
      '/sessions/s/messages',
      said('image'),
    ],
    ['lets no client speak', { clientRoles: () => later(['user']) }, '/sessions/s/messages', said('text')],
    ['counts nobody together with everybody', { limitKey: () => later('key') }, '/sessions', {}],
    [
      'counts for no limit',
      { limits: [{ name: 'x', limiter: { consume: async () => ({}) }, key: () => later('key') }] },
      '/sessions',
      {},
    ],
    ['names no audience', { audienceOf: () => later('phone') }, '/transfers/redeem', json({ secret: 'x' })],
  ])('%s', async (_, options, path, init) => {
    const errors: unknown[] = []
    const sessions = service()
    await sessions.for(alice).create({ id: 's' })
    const onError = (error: unknown) => void errors.push(error)
    const api = createSessionApi({ sessions, identify: () => alice, onError, ...(options as object) })
    const { status } = await api.handle(new Request(`https://api.test${path}`, init))
    expect({ status, errors }).toMatchObject({ status: 500, errors: [refused] })
    expect(await (await sessions.for(alice).get('s')).allMessages()).toEqual([])
  })
})

function json(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function said(type: 'image' | 'text'): RequestInit {
  const part = type === 'text' ? { type, text: 'Hi' } : { type, image: 'https://inner.example/x.png' }
  return json({ messages: [{ content: [part] }] })
}
