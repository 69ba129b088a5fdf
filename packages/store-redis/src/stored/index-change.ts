/** Changes of several indexes of one bucket, for `indexScript` to make at once. */
export class IndexChange {
  readonly keys: string[] = []
  readonly args: string[] = []

  /** Puts a member there, or moves it to a smaller score. */
  put(key: string, score: number, member: string): this {
    return this.#add('+', key, score, member)
  }

  /** Puts a member there, or moves it. */
  set(key: string, score: number, member: string): this {
    return this.#add('=', key, score, member)
  }

  /** Puts a member there as of now, by the server's clock. */
  announce(key: string, member: string): this {
    return this.#add('!', key, 0, member)
  }

  /** Puts a deadline there that comes so many milliseconds from now, by the server's clock. */
  announceDue(key: string, inMs: number, member: string): this {
    return this.#add('d', key, inMs, member)
  }

  /** Moves a member from one score to another, unless the member has another score by then. */
  move(key: string, from: number, to: number, member: string): this {
    return this.#add('~', key, from, member).#add('+', key, to, member)
  }

  /** Takes a member out if it still has that score, and the score is of more than a minute ago. */
  dropOld(key: string, member: string, score: number): this {
    return this.#add('?', key, score, member)
  }

  /** Takes a member out; with a score, only if the member still has that score. */
  drop(key: string, member: string, score?: number): this {
    return this.#add(score === undefined ? '-' : '~', key, score ?? 0, member)
  }

  get isEmpty(): boolean {
    return this.keys.length === 0
  }

  #add(op: string, key: string, score: number, member: string): this {
    let index = this.keys.indexOf(key)
    if (index < 0) index = this.keys.push(key) - 1
    this.args.push(op, String(index + 1), String(score), member)
    return this
  }
}
