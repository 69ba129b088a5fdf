import { expect, onTestFinished, test } from 'vitest'
import { CookieJar, listen } from '../src/index.js'

test('a caller keeps the cookies it is given, and gives up those it is told to', async () => {
  const { url, close } = await listen((req, res) => {
    const set = new URL(req.url!, 'http://localhost').searchParams.getAll('set')
    res.writeHead(302, { 'Set-Cookie': set, Location: '/elsewhere' }).end(req.headers.cookie ?? '')
  })
  onTestFinished(close)
  const jar = new CookieJar()
  const ask = async (...set: string[]): Promise<string> => {
    const query = new URLSearchParams(set.map((each): [string, string] => ['set', each]))
    const response = await jar.fetch(`${url}/?${query.toString()}`)
    expect(response.status).toBe(302)
    return response.text()
  }
  expect(await ask('a=1; Path=/', 'b=2')).toBe('')
  expect(await ask('a=3')).toBe('a=1; b=2')
  expect(await ask('a=; Max-Age=0')).toBe('a=3; b=2')
  expect(await ask('b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT')).toBe('b=2')
  expect(await ask()).toBe('')
})
