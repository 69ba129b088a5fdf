import { expect, it } from 'vitest'
import { createSessions, type MessageInput } from '../src/index.js'

const bytes = new Uint8Array([65, 66, 67])
const address = 'https://example.com/a.png'

async function kept(message: object): Promise<unknown> {
  const session = await createSessions().for({ tenantId: 'acme', userId: 'alice' }).create()
  await session.append(message as MessageInput)
  return (await session.allMessages())[0]!.content
}

it.each([
  ['in a part', { image: bytes, at: new URL(address) }, { image: 'QUJD', at: address }],
  [
    'in the data of a file',
    { data: { type: 'data', data: bytes } },
    { data: { type: 'data', data: 'QUJD' } },
  ],
  [
    'in the address of a file',
    { data: { type: 'url', url: new URL(address) } },
    { data: { type: 'url', url: address } },
  ],
])('keeps bytes and addresses, as messages of an SDK have them: %s', async (_, given, stored) => {
  const file = { type: 'file', mediaType: 'image/png' }
  expect(await kept({ role: 'user', content: [{ ...file, ...given }] })).toEqual([{ ...file, ...stored }])
})

it('keeps bytes in what a tool gave back', async () => {
  const result = (data: unknown) => {
    const file = { type: 'file', mediaType: 'image/png', data: { type: 'data', data } }
    return { type: 'tool-result', toolCallId: 'c', output: { type: 'content', value: [file] } }
  }
  expect(await kept({ role: 'tool', content: [result(bytes)] })).toEqual([result('QUJD')])
})

it('says where a value is that JSON would change', async () => {
  const file = { type: 'file', data: bytes, from: { when: new Date(0) } }
  await expect(kept({ role: 'user', content: [file] })).rejects.toMatchObject({
    code: 'invalid',
    path: 'message.content[0].from.when',
  })
})
