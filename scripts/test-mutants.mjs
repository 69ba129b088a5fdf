// Makes mistakes in the code, one at a time, and tells which of them no test finds.
//   npm run test:mutants                    the mistakes of test/mutants/edits.json: one for each promise, in SQL and Lua too
//   npm run test:mutants -- --files GLOB    those in some files of a package, and every mistake that Stryker makes there
//   npm run test:mutants -- --files GLOB --only edits|stryker
//   --json                                  the last line is {"killed", "survived", "score"}
// Stryker's run against the tests that test/mutants/tests.json names for the file. What it found out is kept, and only
// what has changed since is tried again. test/mutants/equivalent.json lists mistakes that change nothing, each with the
// reason. Exits 1 when a mistake of the list survives.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { parseArgs } from 'node:util'
import { childEnv, install, root } from './setup.mjs'
import { installStryker, sourcesOf, tryFile } from './stryker.mjs'
import { fetchNeeds } from './test-needs.mjs'
import { projects } from './test-projects.mjs'

const { values } = parseArgs({
  options: { files: { type: 'string' }, only: { type: 'string' }, json: { type: 'boolean', default: false } },
})
const { files, only, json } = values
const folder = /^(packages\/[a-z-]+)\//.exec(files ?? '')?.[1]
if (files !== undefined && projectIn(folder) === undefined) {
  console.error('--files must begin with a package that has tests, such as packages/core/src/http/*.ts')
  process.exit(2)
}
if (only !== undefined && only !== 'edits' && only !== 'stryker') {
  console.error('--only takes edits or stryker')
  process.exit(2)
}

await install()
const read = (name) => JSON.parse(readFileSync(join(root, 'test', 'mutants', name), 'utf8'))
const edits = read('edits.json').filter(({ file }) => files === undefined || matchesGlob(file, files))
const folders = new Set([
  ...edits.map(({ file }) => file.split('/', 2).join('/')),
  ...(folder === undefined ? [] : [folder]),
])
await fetchNeeds([...folders], { isWide: false, env: {} })

const outcomes = []
const sound = new Map()
if (only !== 'stryker') for (const edit of edits) await tryEdit(edit)
const lost = outcomes.length
if (only !== 'edits' && files !== undefined) await tryStryker()
const killed = outcomes.filter((isKilled) => isKilled).length
const survived = outcomes.length - killed
const score = scoreOf(killed, outcomes.length)
console.log(`${killed} mistakes were found, ${survived} were not: ${score} of 100`)
if (json) console.log(JSON.stringify({ killed, survived, score }))
process.exit(outcomes.length === 0 || outcomes.slice(0, lost).includes(false) ? 1 : 0)

/** The name of the project whose tests are in a folder. */
function projectIn(folder) {
  return Object.keys(projects).find((name) => projects[name].root === folder)
}

/** One mistake of the list, against the tests that must find it. */
async function tryEdit({ file, from, to, tests, so }) {
  if (readFileSync(join(root, file), 'utf8').split(from).length !== 2) {
    outcomes.push(false)
    console.log(`  stale     ${file}: the text to replace is not there once: ${from}`)
    return
  }
  const env = { MUTANTS_PROJECT: projectIn(file.split('/', 2).join('/')) }
  // Tests that fail without the mistake, or are not there, find nothing.
  const key = JSON.stringify([env, tests])
  if (!sound.has(key)) sound.set(key, await passes(tests, env))
  if (!sound.get(key)) {
    outcomes.push(false)
    console.log(`  unsound   ${file}: these tests do not pass as it is: ${tests.join(' ')}`)
    return
  }
  const isKilled = !(await passes(tests, { ...env, MUTANT_EDIT: JSON.stringify({ file, from, to }) }))
  outcomes.push(isKilled)
  console.log(`  ${isKilled ? 'found   ' : 'SURVIVED'}  ${file}: ${so}`)
}

function passes(tests, env) {
  const vitest = join(root, 'node_modules', '.bin', 'vitest')
  const args = ['run', '--config', 'vitest.mutants.config.ts', '--bail', '1', '--reporter=dot', ...tests]
  return new Promise((resolve, reject) => {
    const child = spawn(vitest, args, { cwd: root, env: childEnv(env), stdio: 'ignore' })
    child.on('close', (code) => resolve(code === 0))
    child.on('error', reject)
  })
}

/** Every mistake that Stryker makes in the files, file by file. */
async function tryStryker() {
  await installStryker()
  for (const file of sourcesOf(files)) {
    const { outcomes: found, stale } = await tryFile(file, projectIn(folder))
    for (const { isKilled, text } of found) {
      outcomes.push(isKilled)
      if (!isKilled) console.log(`  ${text}`)
    }
    for (const { from, to } of stale) console.log(`  no such mistake is made in ${file}: ${from}  ->  ${to}`)
    const killed = found.filter(({ isKilled }) => isKilled).length
    console.log(`  ${file}: ${scoreOf(killed, found.length)} (${killed} of ${found.length})`)
  }
}

function scoreOf(killed, all) {
  return all === 0 ? 0 : Math.round((1000 * killed) / all) / 10
}
