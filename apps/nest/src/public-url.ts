import { toTransferUrl } from '@sessions/core'
import { marketplace } from './merchants.js'

/** Where the gateway is for people: never what a request says of its host. */
export class PublicUrl {
  readonly #base: string

  constructor(base: string) {
    this.#base = base.replace(/\/$/, '')
  }

  /** The page that redeems. */
  get page(): string {
    return `${this.#base}/continue`
  }

  /** The link of a transfer; a merchant's own page says whose it is, for a credential is good in its tenant alone. */
  linkOf(secret: string, tenantId: string): string {
    const shop = tenantId === marketplace ? '' : `?shop=${encodeURIComponent(tenantId)}`
    return toTransferUrl(`${this.page}${shop}`, secret)
  }
}
