import { readFileSync } from 'node:fs'

/** The Linux distribution of this machine, and its release. */
export interface SystemRelease {
  /** Such as `debian`. */
  id: string
  /** Such as `bookworm`. */
  codename: string
}

/** The content of `/etc/os-release`; undefined when there is none, or when it names no release. */
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
