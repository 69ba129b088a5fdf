import { describe, expect, it } from 'vitest'
import { device, laptopWithCart, press, server, thing, usePhones } from './phones.js'

usePhones()

describe('the page of the phone', () => {
  it('survives a hundred scanners before its human comes', async () => {
    const { link } = await laptopWithCart()
    const scanned = Array.from({ length: 100 }, async (_, index) => {
      const method = index % 2 === 0 ? 'GET' : 'HEAD'
      const path = index % 3 === 0 ? `${server.url}/v1/transfers/redeem` : link
      return (await fetch(path, { method })).status
    })
    expect(new Set(await Promise.all(scanned))).toEqual(new Set([200]))
    const phone = await device()
    await phone.goto(link)
    await press(phone, 'Continue here')
    await thing(phone, 'Hand grinder', 1)
    expect(server.log.join('\n')).not.toContain(link.split('#')[1])
  })

  it('takes the code in a plain form where script is off', async () => {
    const { code } = await laptopWithCart()
    const phone = await device({ javaScriptEnabled: false })
    await phone.goto(`${server.url}/continue`)
    await phone.getByLabel('Short code').fill(code.toLowerCase())
    await press(phone, 'Show me what it opens')
    await phone.getByText('a session with 1 thing in the cart').waitFor()
    await press(phone, 'Continue here')
    await thing(phone, 'Hand grinder', 1)
    // The code is spent.
    const late = await device({ javaScriptEnabled: false })
    await late.goto(`${server.url}/continue`)
    await late.getByLabel('Short code').fill(code)
    await press(late, 'Show me what it opens')
    await late.getByRole('alert').waitFor()
    expect(await late.getByRole('alert').textContent()).toContain('This code opens nothing')
  })

  it.each([true, false])(
    'asks before it leaves what the phone has already (script: %s)',
    async (hasScript) => {
      const { link, code } = await laptopWithCart()
      const phone = await device()
      await phone.goto(server.url)
      await press(phone, 'Add Head lamp')
      await thing(phone, 'Head lamp', 1)
      if (hasScript) {
        await phone.goto(link)
      } else {
        await phone.goto(`${server.url}/continue`)
        await phone.getByLabel('Short code').fill(code)
        await press(phone, 'Show me what it opens')
      }
      await press(phone, 'Continue here')
      await phone.getByText('This device has a session already').waitFor()
      await press(phone, 'Leave mine, and continue with the other')
      await thing(phone, 'Hand grinder', 1)
    },
  )

  it('opens a merchant’s own session, whose link says whose it is', async () => {
    const claude = server.client({ authorization: 'Bearer demo-nordwind' })
    await claude.run('add_to_cart', { sku: 'NW-LAMP' })
    const { url } = await claude.run('continue_elsewhere', { to: 'phone' })
    expect(url).toContain('?shop=nordwind#')
    const phone = await device()
    await phone.goto(url as string)
    await press(phone, 'Continue here')
    await thing(phone, 'Head lamp', 1)
  })

  it('waits for the approval of the other device, and shows the number to compare', async () => {
    const claude = server.client({ authorization: 'Bearer demo-claude' })
    await claude.run('add_to_cart', { sku: 'KL-CUP' })
    const { body: at } = await claude.send('POST', '/v1/execute', { tool: 'view_cart' })
    const path = `/v1/sessions/${at['sessionId']}`
    const { body: begun } = await claude.send('POST', `${path}/transfer`, { mode: 'move', confirm: 'source' })
    const phone = await device()
    await phone.goto(begun['url'] as string)
    await press(phone, 'Continue here')
    const match = await phone.locator('.match').textContent()
    await press(phone, 'I have approved it')
    await phone.locator('.match').waitFor()
    const { body: waiting } = await claude.send('GET', `${path}/transfers`)
    expect(waiting['transfers'][0]).toMatchObject({ status: 'waiting', matchCode: match })
    const approve = `${path}/transfers/${begun['transferId']}/approve`
    expect((await claude.send('POST', approve, { matchCode: match })).status).toBe(200)
    await press(phone, 'I have approved it')
    await thing(phone, 'Cup', 1)
  })
})
