// Runs one of the tools of apps/benchmarks, after all its dependencies are installed and built.
//   node scripts/tool.mjs torture --store redis
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { apps } from './serve-app.mjs'
import { build, childEnv, install, root } from './setup.mjs'

const tools = {
  torture: 'torture',
  bench: 'stores',
  'bench:context': 'context',
  fuzz: 'fuzz',
  'bench:stalls': 'stalls',
  'bench:redaction': 'redaction',
  flood: 'flood',
  'bench:audit': 'audit',
  'bench:usage': 'usage',
  'bench:telemetry': 'telemetry',
  'bench:search': 'search',
  'bench:live': 'live',
  'bench:warm': 'warm',
  simulate: 'simulate',
  capacity: 'capacity',
}
const [name, ...args] = process.argv.slice(2)
if (tools[name] === undefined) {
  console.error(`There is no tool named ${name}; there are: ${Object.keys(tools).join(', ')}`)
  process.exit(2)
}

await install()
await build('@sessions/benchmarks')
// A tool may look at an application as it is built.
const app = apps[args[args.indexOf('--app') + 1]]
if (app !== undefined && args.includes('--app')) await build(app.package)
const main = join(root, 'apps', 'benchmarks', 'dist', tools[name], 'main.js')
// Paths in the arguments are relative to the dir where the command was typed.
const cwd = process.env.INIT_CWD ?? process.cwd()
const child = spawn(process.execPath, [main, ...args], { cwd, env: childEnv(), stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('close', (code) => process.exit(code ?? 1))
