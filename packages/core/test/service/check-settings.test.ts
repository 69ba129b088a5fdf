import { expect, it } from 'vitest'
import { createSessions, memoryBus, type SessionsOptions } from '../../src/index.js'

const origins = (...returnToOrigins: string[]) => ({ transfers: { returnToOrigins } })
const page = (url: string) => ({ transfers: { url } })
const budget = (more: object) => ({
  budgets: [
    { scope: 'user', maxTokens: 1 },
    { scope: 'user', ...more },
  ],
})
const whatPage = 'transfers.url must be a http or https URL without a fragment or a password'
const whatOrigin = 'must be an origin such as https://shop.example'
const whatTime = 'transfers.codeMs must be from 1 to 900,000 milliseconds'

it.each<[string, object, string]>([
  ['store', { store: {} }, 'store must be a store'],
  ['store', { store: null }, 'store must be a store'],
  ['bus', { bus: {} }, 'bus must be a bus'],
  ['adminReads', { adminReads: 'yes' }, 'adminReads must be true, false or a function'],
  ['retention.cartMs', { retention: { cartMs: 0 } }, 'retention.cartMs must be more than 0 milliseconds'],
  ['retention.factsMs', { retention: { factsMs: -1 } }, 'retention.factsMs must be more than 0 milliseconds'],
  [
    'retention.message',
    { retention: { message: 1 } },
    'retention.message is not a known option; did you mean retention.messagesMs?',
  ],
  [
    'budgets[1].scope',
    { budgets: budget({ scope: undefined }).budgets },
    'budgets[1].scope must say whose turns share the budget',
  ],
  ['budgets[1].windowMs', budget({ windowMs: 0 }), 'budgets[1].windowMs must be more than 0 milliseconds'],
  ['budgets[1].maxTokens', budget({ maxTokens: -1 }), 'budgets[1].maxTokens must be 0 or more'],
  [
    'budgets[1].reserveCostMicros',
    budget({ reserveCostMicros: -0.5 }),
    'budgets[1].reserveCostMicros must be 0 or more',
  ],
  [
    'context.compactAboveTokens',
    { context: { compactAboveTokens: 0 } },
    'context.compactAboveTokens must be more than 0',
  ],
  [
    'context.summaries.keepTokens',
    { context: { summaries: { keepTokens: -1 } } },
    'context.summaries.keepTokens must be 0 or more',
  ],
  [
    'consent.unsaid.memory',
    { consent: { unsaid: { memory: 'yes' } } },
    'consent.unsaid.memory must be true or false',
  ],
  [
    'consent.onWithdraw[1]',
    { consent: { onWithdraw: [() => {}, 5] } },
    'consent.onWithdraw[1] must be a function',
  ],
  ['privacy.onErase[0]', { privacy: { onErase: ['x'] } }, 'privacy.onErase[0] must be a function'],
  ['privacy.afterErase[0]', { privacy: { afterErase: [null] } }, 'privacy.afterErase[0] must be a function'],
  ['transfers.url', page('ftp://shop.example'), whatPage],
  ['transfers.url', page('xhttps://shop.example'), whatPage],
  ['transfers.url', page('httpsx://shop.example'), whatPage],
  ['transfers.url', page('/redeem'), whatPage],
  ['transfers.url', page('https://shop.example/#redeem'), whatPage],
  ['transfers.url', page('https://shop@shop.example'), whatPage],
  ['transfers.url', page('https://:secret@shop.example'), whatPage],
  [
    'transfers.returnToOrigins',
    { transfers: { returnToOrigins: 'https://shop.example' } },
    'transfers.returnToOrigins must be a list',
  ],
  [
    'transfers.returnToOrigins[1]',
    origins('https://shop.example', 'shop.example'),
    `transfers.returnToOrigins[1] ${whatOrigin}`,
  ],
  [
    'transfers.returnToOrigins[0]',
    origins('https://shop.example/'),
    `transfers.returnToOrigins[0] ${whatOrigin}`,
  ],
  [
    'transfers.returnToOrigins[0]',
    origins('ftp://shop.example'),
    `transfers.returnToOrigins[0] ${whatOrigin}`,
  ],
  ['transfers.codeMs', { transfers: { codeMs: 0 } }, whatTime],
  ['transfers.codeMs', { transfers: { codeMs: 900_001 } }, whatTime],
  ['transfers.maxTries', { transfers: { maxTries: 0 } }, 'transfers.maxTries must be 1 or more'],
  ['transfers.maxTries', { transfers: { maxTries: 1.5 } }, 'transfers.maxTries must be 1 or more'],
  [
    'transfers.maxTenantTries',
    { transfers: { maxTenantTries: 0 } },
    'transfers.maxTenantTries must be 1 or more',
  ],
  [
    'transfers.maxTenantTries',
    { transfers: { maxTenantTries: 1.5 } },
    'transfers.maxTenantTries must be 1 or more',
  ],
])('refuses a wrong %s: %j', (path, options, message) => {
  expect(() => createSessions(options as SessionsOptions)).toThrow(
    expect.objectContaining({ code: 'invalid', path, message }) as Error,
  )
})

it.each<[string, SessionsOptions]>([
  ['a bus', { bus: memoryBus() }],
  ['admins who read', { adminReads: true }],
  ['admins who do not', { adminReads: false }],
  ['some admins', { adminReads: () => false }],
  ['a retention for each tenant', { retention: () => ({}) }],
  ['a retention without an end', { retention: { cartMs: undefined, factsMs: 1 } as object }],
  ['a budget of nothing', { budgets: [{ scope: 'user', maxTokens: 0, windowMs: 1 }] }],
  ['small counts', { context: { compactAboveTokens: 1, summaries: { keepTokens: 0 } } }],
  [
    'what is said for whoever says nothing',
    { consent: { unsaid: { memory: false }, onWithdraw: [async () => ({})] } },
  ],
  ['pages', { transfers: { url: 'http://shop.example/redeem?a=b' } }],
  ['secure pages', { transfers: { url: 'https://shop.example' } }],
  ['origins', origins('https://shop.example', 'http://localhost:3000')],
  ['the most', { transfers: { codeMs: 900_000, maxTries: 1, maxTenantTries: 1 } }],
])('takes %s', (_, options) => {
  expect(typeof createSessions({ onWarning: () => {}, ...options }).for).toBe('function')
})

it('lets transfers return to the origins that are listed, and to no others', async () => {
  const sessions = createSessions({ onWarning: () => {}, ...origins('https://shop.example') })
  const source = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const to = (returnTo: string) => source.transfer({ mode: 'share', returnTo })
  expect((await to('https://shop.example/cart')).shortCode).toMatch(/\S/)
  for (const other of ['https://evil.example/cart', 'https://shop.example.evil.example/'])
    await expect(to(other)).rejects.toMatchObject({ code: 'invalid', path: 'returnTo' })
})
