// Finds or fetches the programs that tests need before any test runs: servers, a browser.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, cache, root, run } from './setup.mjs'
import { projects, wideNeeds } from './test-projects.mjs'

/** Finds or fetches the programs that the chosen tests need. Rejects with one sentence when one cannot be fetched. */
export async function fetchNeeds(args, { isWide, env }) {
  const needs = (await projectsOf(args, env)).flatMap((project) => project.needs)
  if (isWide) needs.push(...wideNeeds)
  if (needs.length === 0) return
  await build('@sessions/testkit')
  const testkit = await import(pathToFileURL(join(root, 'packages', 'testkit', 'dist', 'index.js')).href)
  await testkit.prepare(needs, (line) => console.error(`  ${line}`))
}

/** The projects that contain some of the tests. */
async function projectsOf(args, env) {
  if (args.length === 0) return Object.values(projects)
  const list = join(cache, `test-files-${process.pid}.json`)
  mkdirSync(dirname(list), { recursive: true })
  try {
    const vitest = join(root, 'node_modules', '.bin', 'vitest')
    await run(vitest, ['list', ...args, '--filesOnly', `--json=${list}`], { quiet: true, env })
    const names = JSON.parse(readFileSync(list, 'utf8')).map(({ projectName }) => projectName)
    return [...new Set(names)].flatMap((name) => projects[name] ?? [])
  } catch {
    // When these cannot be listed, vitest itself will report it when it runs them.
    return []
  } finally {
    rmSync(list, { force: true })
  }
}
