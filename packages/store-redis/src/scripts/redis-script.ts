/** A Lua script, and the name by which Redis knows it once Redis has run it. */
export class RedisScript {
  readonly text: string
  #sha: string | undefined
  #isAsked = false

  constructor(text: string) {
    this.text = text.trim()
  }

  /** The SHA-1 of the text. Web Crypto takes a moment to tell it: until then it is undefined, and callers send the text. */
  get sha(): string | undefined {
    if (!this.#isAsked) {
      this.#isAsked = true
      sha1(this.text).then(
        (sha) => (this.#sha = sha),
        () => {},
      )
    }
    return this.#sha
  }
}

async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * Lua that ends a script before it changes anything, when its user may not run all of these commands: a refusal in the
 * middle would leave half of a change. The server refuses keys by itself before a script begins. Redis 6.2 cannot say
 * what a user may do.
 */
export function mayAll(...commands: readonly string[]): string {
  // RENAME has two keys, and the server looks for both.
  const keysOf = (command: string) => (command === 'RENAME' ? 'KEYS[1], KEYS[1]' : 'KEYS[1]')
  const asked = commands.map((command) => `may('${command}', ${keysOf(command)})`).join(' and ')
  return String.raw`
local may = redis.acl_check_cmd
if may and not (${asked}) then
  return redis.error_reply('NOPERM the user may not run all of: ${commands.join(' ')}')
end`
}
