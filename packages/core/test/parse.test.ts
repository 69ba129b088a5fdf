import { afterEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { de } from 'zod/locales'
import { service } from './service.js'

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
