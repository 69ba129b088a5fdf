// The whole check: install, types, lint, format, tests against real servers. The last line counts the tests.
//   npm test                    all of it
//   npm test -- FILE -t NAME    some of the tests: arguments are those of `vitest run`
//   npm run watch [-- FILE]     some or all of the tests, again whenever a file that they import changes
//   npm run test:wide           the tests on Valkey, PgBouncer and NATS, which not every system has, and those that take long:
//                               other versions of drivers and frameworks, large sessions, every state of every page
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildAll, cache, childEnv, install, root, run, step } from './setup.mjs'
import { fetchNeeds } from './test-needs.mjs'
import { wideTypes } from './test-projects.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)
// For this run alone: another run may be going on.
const report = join(cache, `test-report-${process.pid}.json`)
const [mode, ...rest] = process.argv.slice(2)
const isWide = mode === '--wide'
const isWatch = mode === '--watch'
const args = isWide || isWatch ? rest : process.argv.slice(2)
let failedSteps = 0

await install()
const env = { TEST_SERVERS: isWide ? 'wide' : '' }
await fetchNeeds(args, { isWide, env }).catch((error) => {
  console.error(error.message)
  end({ passed: 0, failed: 1 })
})
if (args.length === 0 && !isWatch) {
  await prepare()
  // When only a part of the tests runs, each test builds what it runs; in watch mode, builds get old.
  env.SESSIONS_BUILT = '1'
}
if (isWatch) process.exit(await vitest(['watch', ...args]))

mkdirSync(cache, { recursive: true })
rmSync(report, { force: true })
const exitCode = await vitest(['run', ...args])
const result = readReport()
if (result.passed + result.failed === 0) console.error('No test was chosen.')
// A run that failed outside of any test (such as when the runner itself did not start) has failed too.
if (exitCode !== 0 && result.failed === 0) result.failed = 1
result.failed += failedSteps
end(result)

/** Builds everything, and looks over the code meanwhile: either alone leaves a core idle for half of its time. */
async function prepare() {
  const failures = []
  const inTurn = async (...works) => {
    for (const work of works) await work().catch((error) => failures.push(error))
  }
  await (isWide
    ? step('building everything', () => inTurn(buildAll, () => checkFolders(wideTypes)))
    : step('building everything, checking types, lint and format', () =>
        Promise.all([inTurn(buildAll), inTurn(checkCode, checkFormat)]),
      ))
  for (const { message } of failures) console.error(message)
  failedSteps += failures.length
}

async function checkFolders(folders) {
  for (const folder of folders) {
    await run('npm', ['run', '--silent', 'typecheck'], { cwd: join(root, folder), quiet: true })
  }
}

/** Types and lint in one: what lints knows the types, and to read everything twice takes half a minute. */
function checkCode() {
  return run(bin('oxlint'), ['--type-aware', '--type-check', '--quiet'], { quiet: true })
}

function checkFormat() {
  return run(bin('oxfmt'), ['--check'], { quiet: true })
}

/** Runs vitest with its output shown, and resolves to its exit status. */
function vitest(args) {
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts', 'test-report.mjs')}`]
  return new Promise((resolve) => {
    const child = spawn(bin('vitest'), [...args, ...reporters], {
      cwd: root,
      env: childEnv({ ...env, TEST_REPORT: isWatch ? '' : report }),
      stdio: 'inherit',
    })
    // vitest ends what it has started when it gets the signal, and then this process ends. Ctrl-C sends it to both.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.on('close', (code) => resolve(code ?? 1))
    child.on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
  })
}

function readReport() {
  try {
    const { passed, failed, skipped } = JSON.parse(readFileSync(report, 'utf8'))
    // To read later: how long each file took.
    renameSync(report, join(cache, 'test-report.json'))
    if (skipped.length > 0) {
      console.error(`${skipped.length} tests were skipped; none may be:\n  ${skipped.join('\n  ')}`)
    }
    return { passed, failed: failed + skipped.length }
  } catch {
    console.error('The test runner left no report.')
    return { passed: 0, failed: 1 }
  }
}

function end({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 && passed > 0 ? 0 : 1)
}
