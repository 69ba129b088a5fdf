import { describe, expect, it } from 'vitest'
import { unprivilegedAccount } from '../../src/process/account.js'

describe('the account for PostgreSQL', () => {
  it('is our own unless we are root', () => {
    const account = unprivilegedAccount()
    if (process.getuid?.() === 0) {
      expect(account?.uid).toBeGreaterThan(0)
      expect(account?.gid).toBeGreaterThan(0)
    } else {
      expect(account).toBeUndefined()
    }
  })
})
