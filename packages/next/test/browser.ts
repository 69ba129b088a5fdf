import { CookieJar } from '@sessions/testkit'
import { load } from './page.js'

/** A caller that keeps cookies as a browser does, and knows the forms of a page. */
export class Browser {
  readonly #jar = new CookieJar()
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  /** By name. */
  get cookies(): Map<string, string> {
    return this.#jar.cookies
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.#jar.fetch(this.#base + path, init)
  }

  /** What a page of ours sends along with its requests. */
  get sameOrigin(): Record<string, string> {
    return { origin: this.#base, 'sec-fetch-site': 'same-origin' }
  }

  async post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      ...init,
      headers: { 'content-type': 'application/json', ...this.sameOrigin, ...init.headers },
    })
  }

  /** Sends a form of a page as a browser without JavaScript would. */
  async submit(
    id: string,
    text = '',
    {
      headers = this.sameOrigin,
      path = '/actions',
    }: { headers?: RequestInit['headers']; path?: string } = {},
  ): Promise<Response> {
    const body = new FormData()
    for (const [name, value] of await this.#fieldsOf(path, id)) body.set(name, value)
    body.set('text', text)
    return this.fetch(path, { method: 'POST', body, headers })
  }

  /** Calls the action of a form as Next's own script does. */
  async call(id: string, { headers = this.sameOrigin, path = '/actions' } = {}): Promise<Response> {
    const [[name]] = (await this.#fieldsOf(path, id)) as [[string, string]]
    return this.fetch(path, {
      method: 'POST',
      body: '[]',
      headers: {
        ...headers,
        accept: 'text/x-component',
        'content-type': 'text/plain;charset=UTF-8',
        'next-action': name.replace('$ACTION_ID_', ''),
      },
    })
  }

  async #fieldsOf(path: string, id: string): Promise<[string, string][]> {
    const { html } = await load(await fetch(this.#base + path))
    const form = new RegExp(`<form[^>]*id="${id}"[^>]*>(.*?)</form>`, 's').exec(html)?.[1] ?? ''
    const fields = [...form.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)]
    if (fields.length === 0) throw new Error(`There is no form ${id} with an action in ${path}`)
    return fields.map(([, name, value]) => [name!, value ?? ''])
  }
}
