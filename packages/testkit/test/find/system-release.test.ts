import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemRelease } from '../../src/find/system-release.js'

it('systemRelease tells the distribution and its release, where there is one', () => {
  const dir = mkdtempSync(join(tmpdir(), 'testkit-'))
  const file = join(dir, 'os-release')
  expect(systemRelease(file)).toBeUndefined()
  writeFileSync(file, 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n')
  expect(systemRelease(file)).toEqual({ id: 'debian', codename: 'bookworm' })
  writeFileSync(file, 'ID="arch"\n')
  expect(systemRelease(file)).toBeUndefined()
  rmSync(dir, { recursive: true })
})
