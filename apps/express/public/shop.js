// How the page asks the shop. The credential is in a cookie that no script can read; a script knows the public id alone.
const api = '/api/v1/shopping'

/** A request that was refused; `status` is 0 when there was no answer. */
class Refused extends Error {
  constructor(status, { message = '', path } = {}) {
    super(message)
    this.status = status
    this.path = path
  }
}

async function open(path, init = {}) {
  let response
  try {
    response = await fetch(path, init)
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Refused(0)
  }
  if (response.ok) return response
  const answer = await response.json().catch(() => ({}))
  throw new Refused(response.status, answer.error)
}

const bodyOf = (body) =>
  body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }

export const ask = {
  path: (path) => api + path,
  json: async (method, path, body) =>
    (await (await open(api + path, { method, ...bodyOf(body) })).json()).data,
  text: async (path) => (await open(path)).text(),
  form: (path, fields) => open(path, { method: 'POST', body: new URLSearchParams(fields) }),
  /** The events of a reply, as they come. */
  async *stream(path, body, signal) {
    const response = await open(api + path, { method: 'POST', signal, ...bodyOf(body) })
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let waiting = ''
    let isDone = false
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ done: true }))
      if (done) break
      const parts = (waiting + value).split('\n\n')
      waiting = parts.pop()
      for (const part of parts) {
        const line = part.split('\n').find((candidate) => candidate.startsWith('data: '))
        if (line === undefined) continue
        const event = JSON.parse(line.slice(6))
        isDone ||= event.type === 'done' || event.type === 'error'
        yield event
      }
    }
    // The connection broke off amid the reply.
    if (!isDone && signal?.aborted !== true) throw new Refused(0)
  },
}

// The answer may have got lost after the work.
const unsure = 'See whether it was done before you try again.'

/** What went wrong, for people. */
export function say(error, comfort) {
  const { status, message, path = '' } = error
  if (status === 0) return `The shop cannot be reached; you seem to be offline. ${comfort ?? unsure}`
  if (status === 429)
    return `That was too fast. Wait a minute, then try again. ${comfort ?? 'Nothing was changed.'}`
  if (status === 404) return 'This session has ended, or the thing is gone. Reload the page to go on.'
  if (status >= 500) return `The shop has a fault. Try again in a moment. ${comfort ?? unsure}`
  if (path.endsWith('quantity')) return 'A cart holds 10,000 of one thing at most.'
  return message || 'This did not work.'
}
