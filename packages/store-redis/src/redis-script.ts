import { createHash } from 'node:crypto'

/** A Lua script and the name Redis knows it by once it has run it. */
export class RedisScript {
  readonly text: string
  readonly sha: string

  constructor(text: string) {
    this.text = text.trim()
    this.sha = createHash('sha1').update(this.text).digest('hex')
  }
}
