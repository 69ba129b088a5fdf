import { afterEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { de } from 'zod/locales'
import { alice, service } from './service.js'

describe('what is wrong with a value', () => {
  const before = { ...z.config() }
  afterEach(() => {
    z.config(before)
  })

  it.each([
    ['nothing', undefined],
    ['no texts', { localeError: undefined }],
    ['another language', de()],
  ])('is told in the same words when the application has set %s in zod', async (_, config) => {
    if (config !== undefined) z.config(config)
    const session = await service().for({ tenantId: 'acme', userId: 'alice' }).open('support')
    const price = { amount: 1, currency: 'EUR' }
    const wrong = (item: object) => session.cart.add(item as never).catch(({ message }: Error) => message)
    expect(await wrong({ sku: 1, name: 'A', price })).toBe(
      'item.sku: Invalid input: expected string, received number',
    )
    expect(await wrong({ sku: 'a', name: 'A', price, quantity: 0 })).toBe(
      'item.quantity: Too small: expected number to be >=1',
    )
    expect(await wrong({ sku: 'a', name: 'A', price, colour: 'red' })).toBe(
      'item.colour: is not a known field',
    )
    expect(await wrong({ sku: 'a', name: 'A', price: { amount: 1, currency: 'euro' } })).toBe(
      'item.price.currency: must be an ISO 4217 code such as USD',
    )
    const said = { role: 'robot', content: 'Hi' } as never
    await expect(session.append(said)).rejects.toThrow(
      'role: Invalid option: expected one of "system"|"user"|"assistant"|"tool"',
    )
  })
})

describe('a moment that no store can hold', () => {
  const sessions = service({ usage: {}, audit: { secrets: ['a secret of the audit, and of nobody else'] } })
  const asks: Readonly<Record<string, (to: number) => Promise<unknown>>> = {
    usage: async (to) => sessions.usage({ tenantId: 'acme', to }),
    analytics: async (to) => sessions.analytics({ tenantId: 'acme', to }),
    search: async (to) => sessions.for(alice).search({ text: 'blue', to }),
    audit: async (to) => {
      for await (const entry of sessions.audit.list({ tenantId: 'acme', to })) return entry
      return undefined
    },
  }

  it.each(Object.entries(asks))('is refused by a question of %s', async (_, ask) => {
    for (const to of [2 ** 63, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0.5])
      await expect(ask(to), String(to)).rejects.toMatchObject({ code: 'invalid', path: 'to' })
    await ask(Number.MAX_SAFE_INTEGER)
  })
})
