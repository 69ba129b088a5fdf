import { expect, it } from 'vitest'
import type { AuditEntry } from '../../src/audit.js'
import type { Identity } from '../../src/index.js'
import { admin, alice, bob, service } from '../service.js'

const audit = { secrets: ['a secret of the audit that is long enough'] }
const boss = { ...admin, userId: 'boss' }

/** A service with sessions of two users, and what its audit tells of calls. */
async function audited(isFilled = true) {
  const sessions = service({ audit })
  for (const [identity, ids] of [
    [alice, ['a1', 'a2']],
    [bob, ['b1']],
  ] as const)
    for (const id of isFilled ? ids : [])
      await sessions.for(identity).create({ id, messages: [{ role: 'user', content: `said in ${id}` }] })
  let seen = 0
  /** What has come on record since the last time: actions, outcomes, whose data, and how much. */
  const told = async () => {
    const all: AuditEntry[] = []
    for await (const entry of sessions.audit.list({ tenantId: 'acme' })) all.push(entry)
    const since = all.slice(seen)
    const names = new Map<string | undefined, string>()
    for (const user of [alice, bob, boss]) names.set(await sessions.audit.pseudonym(user), user.userId)
    names.set(undefined, 'nobody')
    seen = all.length
    return since.map(({ action, outcome, subject, detail }) => [action, outcome, names.get(subject), detail])
  }
  const exported = async (identity: Identity, options = {}) => {
    let lines = ''
    for await (const line of sessions.for(identity).export(options)) lines += line
    return lines
  }
  return { sessions, told, exported }
}

it('says whose sessions are exported, or that it is a whole tenant', async () => {
  const { told, exported } = await audited()
  await told()
  for (const [identity, options, action, subject] of [
    [alice, {}, 'user.export', 'alice'],
    [boss, { userId: 'bob' }, 'user.export', 'bob'],
    [boss, {}, 'tenant.export', 'nobody'],
    [admin, {}, 'tenant.export', 'nobody'],
  ] as const) {
    await exported(identity, options)
    expect(await told()).toEqual([
      [action, 'intent', subject, {}],
      [action, 'done', subject, {}],
    ])
  }
})

it('says whose sessions an import makes', async () => {
  const lines = await (await audited()).exported(alice)
  for (const [identity, subject] of [
    [bob, 'bob'],
    [admin, 'nobody'],
  ] as const) {
    const { sessions, told } = await audited(false)
    const { imported } = await sessions.for(identity).import(lines)
    expect(imported).toHaveLength(2)
    expect(await told()).toEqual([
      ['sessions.import', 'intent', subject, {}],
      ['sessions.import', 'done', subject, { sessions: 2, messages: 2 }],
    ])
  }
})
