// Joins the modules of a package into a file for each door, and some that doors share: Node needs half a millisecond for
// every file. Run in the folder of the package, after `tsc`, whose declarations stay as they are.
//
//   node ../../scripts/join-modules.mjs [SEAM …]
//
// A seam is a source that begins a file of its own with all that it imports, so that a bundler takes that alone. Bundlers
// leave out files from which nothing is taken, and of a file only what they know to do nothing.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'vite'

const folder = process.cwd()
const dist = join(folder, 'dist')
const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const doors = Object.values(exports).flatMap((door) => door['@sessions/source'] ?? [])
const nameOf = (source) => basename(source, '.ts')
const entries = [
  ...doors.map((door) => [nameOf(door), join(folder, door)]),
  ...process.argv.slice(2).map((seam) => [`shared/${nameOf(seam)}`, join(folder, seam)]),
]

for (const file of readdirSync(dist, { recursive: true })) {
  if (/\.js(?:\.map)?$/.test(file)) rmSync(join(dist, file))
}
await build({
  configFile: false,
  logLevel: 'error',
  root: folder,
  build: {
    outDir: dist,
    emptyOutDir: false,
    target: 'es2023',
    minify: false,
    sourcemap: true,
    lib: {
      entry: Object.fromEntries(entries),
      formats: ['es'],
      fileName: (_, name) => `${name}.js`,
    },
    rolldownOptions: {
      external: (id) => !/^[./]/.test(id),
      output: { chunkFileNames: 'shared/[name]-[hash].js', sourcemapExcludeSources: true },
    },
  },
})
