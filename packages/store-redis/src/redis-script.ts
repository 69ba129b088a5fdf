import { createHash } from 'node:crypto'

/** A Lua script, and the name by which Redis knows it once Redis has run it. */
export class RedisScript {
  readonly text: string
  readonly sha: string

  constructor(text: string) {
    this.text = text.trim()
    this.sha = createHash('sha1').update(this.text).digest('hex')
  }
}
