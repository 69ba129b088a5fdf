import { expect, it } from 'vitest'
import type { CallerSessions, Identity } from '../../src/index.js'
import { admin, alice, bob, elsewhere, service } from '../service.js'

const boss = { ...admin, userId: 'boss' }
const unread = {
  code: 'forbidden',
  message: 'An admin may not read what is in the sessions of others.',
}

/** Sessions of three users of one tenant and of one of another, whose admins read where `adminReads` says so. */
async function tenants(adminReads: boolean | ((tenantId: string) => boolean)) {
  const sessions = service({ adminReads })
  for (const identity of [alice, bob, boss, elsewhere])
    await sessions.for(identity).create({ id: `of ${identity.userId}`, title: `about ${identity.userId}` })
  const titles = async (identity: Identity) =>
    (await sessions.for(identity).list()).items.map(({ id, title }) => [id, title]).toSorted()
  const exported = async (mine: CallerSessions, options?: Parameters<CallerSessions['export']>[0]) => {
    let lines = ''
    for await (const line of mine.export(options)) lines += line
    return ['alice', 'bob', 'boss'].filter((name) => lines.includes(`about ${name}`))
  }
  return { sessions, titles, exported }
}

it('an admin who may not read exports their own sessions, and nobody else’s', async () => {
  const { sessions, exported } = await tenants(false)
  for (const identity of [admin, boss]) {
    await expect(exported(sessions.for(identity))).rejects.toMatchObject(unread)
    await expect(exported(sessions.for(identity), { userId: 'alice' })).rejects.toMatchObject(unread)
  }
  expect(await exported(sessions.for(boss), { userId: 'boss' })).toEqual(['boss'])
  expect(await exported(sessions.for(alice))).toEqual(['alice'])
})

it('an admin who may not read is listed the sessions of others without their titles', async () => {
  const { titles } = await tenants(false)
  expect(await titles(boss)).toEqual([
    ['of alice', undefined],
    ['of bob', undefined],
    ['of boss', 'about boss'],
  ])
  expect(await titles(alice)).toEqual([['of alice', 'about alice']])
})

it('an admin reads where the tenant says so', async () => {
  const { sessions, titles, exported } = await tenants((tenantId) => tenantId === 'acme')
  expect(await titles(admin)).toEqual([
    ['of alice', 'about alice'],
    ['of bob', 'about bob'],
    ['of boss', 'about boss'],
  ])
  expect(await exported(sessions.for(admin))).toEqual(['alice', 'bob', 'boss'])
  const other = { ...admin, tenantId: 'other' }
  expect(await titles(other)).toEqual([['of alice', undefined]])
  await expect(exported(sessions.for(other))).rejects.toMatchObject(unread)
})
