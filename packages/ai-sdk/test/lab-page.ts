import type { UIMessage } from 'ai'
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'

/** What `useChat` gives, as far as the tests call it. */
interface UseChat {
  messages: UIMessage[]
  sendMessage: (message: object) => Promise<void>
  regenerate: () => Promise<void>
  addToolApprovalResponse: (answer: object) => Promise<void>
  resumeStream: () => Promise<void>
  stop: () => Promise<void>
}
type Verb = Exclude<keyof UseChat, 'messages'>

const patience = { timeout: 240_000 }

/** A page with the real `useChat`. Whatever is done waits for its end, however long the machine takes. */
export class LabPage {
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(patience.timeout)
  }

  static async open(browser: Browser, address: string): Promise<LabPage> {
    const lab = new LabPage(await browser.newPage())
    await lab.#arrive(() => lab.page.goto(address))
    return lab
  }

  async reload(): Promise<void> {
    await this.#arrive(() => this.page.reload())
  }

  /** A page asks at once for an answer that is being written: it is alive when it does. */
  async #arrive(go: () => Promise<unknown>): Promise<void> {
    const asked = this.page.waitForResponse((response) => response.url().endsWith('/stream'))
    await Promise.all([asked, go()])
  }

  async messages(): Promise<UIMessage[]> {
    return JSON.parse((await this.page.locator('main').textContent())!) as UIMessage[]
  }

  /** The texts of the messages. */
  async texts(): Promise<string[]> {
    const messages = await this.messages()
    return messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))
  }

  /** Calls a function of `useChat`. Settles when what it asks for has come, which may be before the page shows it. */
  async do(verb: Verb, argument?: object): Promise<void> {
    await this.page.evaluate(
      ([verb, argument]) => (globalThis as unknown as { chat: UseChat }).chat[verb](argument!),
      [verb, argument] as const,
    )
  }

  /** Calls it, and leaves it to go on. */
  async begin(verb: Verb, argument?: object): Promise<void> {
    await this.page.evaluate(
      ([verb, argument]) => void (globalThis as unknown as { chat: UseChat }).chat[verb](argument!),
      [verb, argument] as const,
    )
  }

  /** Calls it, and waits until the page shows its end. */
  async finish(verb: Verb, argument?: object): Promise<void> {
    await this.do(verb, argument)
    await this.ready()
  }

  /** Waits until the page has the whole answer. An error of the chat fails at once. */
  async ready(): Promise<void> {
    const settled = this.page.locator('main[data-status="ready"], main[data-status="error"]')
    await settled.waitFor()
    expect(await settled.getAttribute('data-error')).toBeNull()
  }

  /** Waits until the newest message has a text like this. */
  async shows(text: string): Promise<void> {
    await expect.poll(async () => (await this.texts()).at(-1), patience).toBe(text)
  }

  /** What the page shows is what it shows after a reload. */
  async expectKept(): Promise<void> {
    const before = await this.messages()
    await this.reload()
    await this.ready()
    expect(await this.messages()).toEqual(before)
  }

  async branches(): Promise<number> {
    return Number(await this.page.locator('main').getAttribute('data-branches'))
  }
}
