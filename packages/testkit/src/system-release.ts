import { readFileSync } from 'node:fs'

/** Which release of which Linux distribution this is. */
export interface SystemRelease {
  /** Such as `debian`. */
  id: string
  /** Such as `bookworm`. */
  codename: string
}

/** What `/etc/os-release` says; undefined where there is none, or where it is of no release. */
export function systemRelease(file = '/etc/os-release'): SystemRelease | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const valueOf = (name: string) => new RegExp(`^${name}="?([a-z0-9.-]+)"?$`, 'm').exec(text)?.[1]
  const id = valueOf('ID')
  const codename = valueOf('VERSION_CODENAME')
  return id === undefined || codename === undefined ? undefined : { id, codename }
}
